import { typedParamsOf, type TypedParam, type TypedParams } from "./typedParam.ts";
import { XdrError } from "./xdrError.ts";

const TYPES = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const;
const UUID = /^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$/;

/**
 * Writes XDR values into a growing buffer. Every method checks the value against its type and maximum and throws an
 * XdrError that names the field; what was written before stays, so a caller resets `at` on failure.
 */
export class XdrWriter {
  buffer: Buffer;
  view: DataView;
  at = 0;

  constructor(initialBytes = 65_536) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes);
    this.view = new DataView(this.buffer.buffer);
  }

  /** Makes room for `bytes` more. */
  need(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(grown, 0, 0, this.at);
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  /** Gives what was written and starts anew in a buffer of its own. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.at);
    this.buffer = Buffer.allocUnsafeSlow(65_536);
    this.view = new DataView(this.buffer.buffer);
    this.at = 0;
    return taken;
  }

  int(value: number, field: string): void {
    if ((value | 0) !== value) throw new XdrError(`${field}: ${String(value)} is no 32-bit integer`);
    this.need(4);
    this.view.setInt32(this.at, value);
    this.at += 4;
  }

  uint(value: number, field: string): void {
    if (value >>> 0 !== value) throw new XdrError(`${field}: ${String(value)} is no unsigned 32-bit integer`);
    this.need(4);
    this.view.setUint32(this.at, value);
    this.at += 4;
  }

  hyper(value: bigint, field: string): void {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) throw new XdrError(`${field}: ${String(value)} is no bigint of 64 bits`);
    this.need(8);
    this.view.setBigInt64(this.at, value);
    this.at += 8;
  }

  uhyper(value: bigint, field: string): void {
    if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) throw new XdrError(`${field}: ${String(value)} is no unsigned bigint of 64 bits`);
    this.need(8);
    this.view.setBigUint64(this.at, value);
    this.at += 8;
  }

  double(value: number, field: string): void {
    if (typeof value !== "number") throw new XdrError(`${field}: expected a number`);
    this.need(8);
    this.view.setFloat64(this.at, value);
    this.at += 8;
  }

  #small(value: number, least: number, most: number, field: string): void {
    if (!Number.isInteger(value) || value < least || value > most) throw new XdrError(`${field}: ${String(value)} is not between ${least} and ${most}`);
    this.int(value, field);
  }

  char(value: number, field: string): void {
    this.#small(value, -128, 127, field);
  }
  uchar(value: number, field: string): void {
    this.#small(value, 0, 255, field);
  }
  short(value: number, field: string): void {
    this.#small(value, -32_768, 32_767, field);
  }
  ushort(value: number, field: string): void {
    this.#small(value, 0, 65_535, field);
  }

  flag(present: boolean): void {
    this.need(4);
    this.view.setInt32(this.at, present ? 1 : 0);
    this.at += 4;
  }

  /** Count of an array that is given as a list. */
  count(list: readonly unknown[], max: number, field: string): void {
    if (!Array.isArray(list)) throw new XdrError(`${field}: expected a list`);
    if (list.length > max) throw new XdrError(`${field}: ${list.length} elements, at most ${max} are allowed`);
    this.uint(list.length, field);
  }

  exactly(list: readonly unknown[], size: number, field: string): void {
    if (!Array.isArray(list) || list.length !== size) throw new XdrError(`${field}: expected a list of ${size} elements`);
  }

  string(value: string, max: number, field: string): void {
    if (typeof value !== "string") throw new XdrError(`${field}: expected text`);
    this.need(value.length * 3 + 8);
    const start = this.at + 4;
    const length = this.buffer.write(value, start, "utf8");
    this.#finish(start, length, max, field);
  }

  optionalString(value: string | null | undefined, max: number, field: string): void {
    if (value === null || value === undefined) return this.flag(false);
    this.flag(true);
    this.string(value, max, field);
  }

  /** Sets the length word before `start` and pads to four bytes with zeros. */
  #finish(start: number, length: number, max: number, field: string): void {
    if (length > max) throw new XdrError(`${field}: ${length} bytes, at most ${max} are allowed`);
    this.view.setUint32(start - 4, length);
    this.at = start + length;
    while (this.at & 3) this.buffer[this.at++] = 0;
  }

  opaque(value: Uint8Array, max: number, field: string): void {
    if (!(value instanceof Uint8Array)) throw new XdrError(`${field}: expected bytes`);
    this.need(value.length + 8);
    this.buffer.set(value, this.at + 4);
    this.#finish(this.at + 4, value.length, max, field);
  }

  fixedOpaque(value: Uint8Array, size: number, field: string): void {
    if (!(value instanceof Uint8Array) || value.length !== size) throw new XdrError(`${field}: expected ${size} bytes`);
    this.raw(value);
    while (this.at & 3) {
      this.need(1);
      this.buffer[this.at++] = 0;
    }
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    this.need(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  /** A UUID with or without hyphens, any case. */
  uuid(value: string, field: string): void {
    if (typeof value !== "string" || !UUID.test(value)) throw new XdrError(`${field}: ${JSON.stringify(value)} is no UUID`);
    this.need(16);
    this.buffer.write(value.length === 32 ? value : value.replaceAll("-", ""), this.at, 16, "hex");
    this.at += 16;
  }

  chars(value: Uint8Array, max: number, field: string): void {
    if (!(value instanceof Uint8Array)) throw new XdrError(`${field}: expected bytes`);
    if (value.length > max) throw new XdrError(`${field}: ${value.length} bytes, at most ${max} are allowed`);
    this.uint(value.length, field);
    for (const byte of value) this.int((byte << 24) >> 24, field);
  }

  text(value: string, max: number, field: string): void {
    if (typeof value !== "string") throw new XdrError(`${field}: expected text`);
    this.chars(Buffer.from(value, "utf8"), max, field);
  }

  fixedText(value: string, size: number, field: string): void {
    if (typeof value !== "string") throw new XdrError(`${field}: expected text`);
    const bytes = Buffer.from(value, "utf8");
    if (bytes.length > size) throw new XdrError(`${field}: ${bytes.length} bytes, at most ${size} are allowed`);
    for (let i = 0; i < size; i++) this.int(((bytes[i] ?? 0) << 24) >> 24, field);
  }

  /** Typed parameters: a list keeps its types; of a record they are guessed from the values. */
  typedParams(given: readonly TypedParam[] | TypedParams, max: number, field: string): void {
    const list = Array.isArray(given) ? (given as readonly TypedParam[]) : typedParamsOf((given ?? {}) as TypedParams);
    this.count(list, max, field);
    for (const param of list) {
      const name = `${field}.${param.field}`;
      this.string(param.field, 4_194_304, field);
      this.int(TYPES[param.type] ?? 0, name);
      switch (param.type) {
        case "int":
          this.int(param.value, name);
          break;
        case "uint":
          this.uint(param.value, name);
          break;
        case "llong":
          this.hyper(param.value, name);
          break;
        case "ullong":
          this.uhyper(param.value, name);
          break;
        case "double":
          this.double(param.value, name);
          break;
        case "boolean":
          this.flag(param.value);
          break;
        case "string":
          this.string(param.value, 4_194_304, name);
          break;
        default:
          throw new XdrError(`${name}: unknown type ${String((param as { type: unknown }).type)}`);
      }
    }
  }
}
