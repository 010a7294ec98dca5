import { nameAt } from "./nameAt.ts";
import type { TypedParam, TypedParams, TypedValue } from "./typedParam.ts";
import { XdrError } from "./xdrError.ts";

const TYPE_NAMES = ["", "int", "uint", "llong", "ullong", "double", "boolean", "string"] as const;

/** Objects made by this have no prototype and still are fast: a name from the wire can be any text. */
const Bare = function Bare() {} as unknown as new () => TypedParams;
Bare.prototype = Object.create(null);

/**
 * Reads XDR values from a window of a buffer, in place. Every read is bounded by the window's end and by the maximum
 * that the interface definition gives. Results never refer to the buffer: it may be reused as soon as a read returned.
 * Every method throws XdrError on bytes that are not of its type.
 */
export class XdrReader {
  buffer: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;
  end = 0;

  /** Points the reader at `buffer[start, end)`; `view` covers the same bytes as `buffer`. */
  point(buffer: Buffer, view: DataView, start: number, end: number): void {
    this.buffer = buffer;
    this.view = view;
    this.at = start;
    this.end = end;
  }

  #short(): never {
    throw new XdrError(`value ends ${this.at - this.end} bytes beyond the message`);
  }

  int(): number {
    const at = this.at;
    if ((this.at = at + 4) > this.end) this.#short();
    return this.view.getInt32(at);
  }

  uint(): number {
    const at = this.at;
    if ((this.at = at + 4) > this.end) this.#short();
    return this.view.getUint32(at);
  }

  hyper(): bigint {
    const at = this.at;
    if ((this.at = at + 8) > this.end) this.#short();
    return this.view.getBigInt64(at);
  }

  uhyper(): bigint {
    const at = this.at;
    if ((this.at = at + 8) > this.end) this.#short();
    return this.view.getBigUint64(at);
  }

  double(): number {
    const at = this.at;
    if ((this.at = at + 8) > this.end) this.#short();
    return this.view.getFloat64(at);
  }

  /** A C `char`: four bytes on the wire like every small integer, -128 to 127. */
  char(): number {
    return (this.int() << 24) >> 24;
  }

  uchar(): number {
    return this.int() & 0xff;
  }

  ushort(): number {
    return this.int() & 0xffff;
  }

  short(): number {
    return (this.int() << 16) >> 16;
  }

  /** An XDR boolean: whether an optional value follows. */
  flag(): boolean {
    const value = this.int();
    if (value !== 0 && value !== 1) throw new XdrError(`presence flag is ${value}, not 0 or 1`);
    return value === 1;
  }

  /** Count of an array of at most `max` elements that take at least `least` bytes each. */
  count(max: number, least: number): number {
    const count = this.uint();
    if (count > max) throw new XdrError(`array of ${count} elements, at most ${max} are allowed`);
    if (count * least > this.end - this.at) throw new XdrError(`array of ${count} elements does not fit in the ${this.end - this.at} bytes left`);
    return count;
  }

  string(max: number): string {
    const length = this.uint();
    const start = this.at;
    this.#skip(length, max);
    return this.buffer.toString("utf8", start, start + length);
  }

  optionalString(max: number): string | null {
    return this.flag() ? this.string(max) : null;
  }

  #skip(length: number, max: number): void {
    if (length > max) throw new XdrError(`${length} bytes of text or data, at most ${max} are allowed`);
    this.at += (length + 3) & ~3;
    if (this.at > this.end) this.#short();
  }

  /** Bytes of variable length, copied out. */
  opaque(max: number): Uint8Array {
    const length = this.uint();
    const start = this.at;
    this.#skip(length, max);
    return new Uint8Array(this.buffer.subarray(start, start + length));
  }

  fixedOpaque(size: number): Uint8Array {
    const start = this.at;
    this.#skip(size, size);
    return new Uint8Array(this.buffer.subarray(start, start + size));
  }

  /** Sixteen bytes as a canonical lower-case UUID. */
  uuid(): string {
    const at = this.at;
    if ((this.at = at + 16) > this.end) this.#short();
    const hex = this.buffer.toString("hex", at, at + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** An array of C `char`, each four bytes on the wire, as bytes. */
  chars(max: number): Uint8Array {
    const bytes = new Uint8Array(this.count(max, 4));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.int();
    return bytes;
  }

  /** An array of C `char` that holds text up to its first NUL. */
  text(max: number): string {
    return terminated(this.chars(max));
  }

  fixedText(size: number): string {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) bytes[i] = this.int();
    return terminated(bytes);
  }

  /** Typed parameters as a record. */
  typedParams(max: number): TypedParams {
    const record = new Bare();
    for (let left = this.count(max, 12); left > 0; left--) {
      const field = this.#name();
      record[field] = this.#value(this.int());
    }
    return record;
  }

  /** Typed parameters with their types, in order; duplicates stay. */
  typedParamList(max: number): TypedParam[] {
    const list: TypedParam[] = [];
    for (let left = this.count(max, 12); left > 0; left--) {
      const field = this.#name();
      const type = this.int();
      list.push({ field, type: TYPE_NAMES[type], value: this.#value(type) } as TypedParam);
    }
    return list;
  }

  #value(type: number): TypedValue {
    switch (type) {
      case 1:
        return this.int();
      case 2:
        return this.uint();
      case 3:
        return this.hyper();
      case 4:
        return this.uhyper();
      case 5:
        return this.double();
      case 6:
        return this.int() !== 0;
      case 7:
        return this.string(4_194_304);
      default:
        throw new XdrError(`typed parameter of unknown type ${type}`);
    }
  }

  /** Names of parameters recur thousands of times in one reply: each is made a string once. */
  #name(): string {
    const length = this.uint();
    const start = this.at;
    this.#skip(length, 4_194_304);
    return nameAt(this.buffer, this.view, start, length);
  }

  /** The rest of the window, copied out. */
  rest(): Uint8Array {
    const start = this.at;
    this.at = this.end;
    return new Uint8Array(this.buffer.subarray(start, this.end));
  }

  /** Throws unless everything was read. */
  done(): void {
    if (this.at !== this.end) throw new XdrError(`${this.end - this.at} bytes left over`);
  }
}

function terminated(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return Buffer.from(bytes.buffer, bytes.byteOffset, nul < 0 ? bytes.length : nul).toString("utf8");
}
