import { typedParam, type TypedParam, type TypedParams } from "../xdr/typedParam.ts";
import { XdrReader } from "../xdr/xdrReader.ts";

const WORDS = ["", "a", "vm-17", "björk", "日本語", "state.state", "__proto__", "x".repeat(300)];

/** Makes up values instead of reading them: a generated decoder over it yields an arbitrary valid struct. */
export class ArbitraryReader extends XdrReader {
  #state: number;

  constructor(seed: number) {
    super();
    this.#state = seed | 0;
  }

  #next(below: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((this.#state >>> 8) / 0x100_0000) * below);
  }
  #wide(): bigint {
    return BigInt.asUintN(64, (BigInt(this.#next(2 ** 24)) << 40n) ^ (BigInt(this.#next(2 ** 24)) << 20n) ^ BigInt(this.#next(2 ** 24)));
  }
  #bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.#next(256));
  }

  override int(): number {
    return [0, 1, -1, 0x7fff_ffff, -0x8000_0000, this.#next(1000)][this.#next(6)] ?? 0;
  }
  override uint(): number {
    return [0, 1, 0xffff_ffff, this.#next(1000)][this.#next(4)] ?? 0;
  }
  override hyper(): bigint {
    return BigInt.asIntN(64, this.#wide());
  }
  override uhyper(): bigint {
    return this.#wide();
  }
  override double(): number {
    return [0.5, -1.25, 1e300, 3.75][this.#next(4)] ?? 0.5;
  }
  override char(): number {
    return this.#next(256) - 128;
  }
  override uchar(): number {
    return this.#next(256);
  }
  override short(): number {
    return this.#next(65_536) - 32_768;
  }
  override ushort(): number {
    return this.#next(65_536);
  }
  override flag(): boolean {
    return this.#next(2) === 1;
  }
  override count(max: number): number {
    return this.#next(Math.min(max, 4) + 1);
  }
  override string(max: number): string {
    const word = WORDS[this.#next(WORDS.length)] ?? "";
    return Buffer.byteLength(word) <= max ? word : "";
  }
  override optionalString(max: number): string | null {
    return this.flag() ? this.string(max) : null;
  }
  override opaque(max: number): Uint8Array {
    return this.#bytes(this.#next(Math.min(max, 9) + 1));
  }
  override fixedOpaque(size: number): Uint8Array {
    return this.#bytes(size);
  }
  override chars(max: number): Uint8Array {
    return this.opaque(max);
  }
  override text(): string {
    return ["", "selinux", "0"][this.#next(3)] ?? "";
  }
  override fixedText(): string {
    return this.text();
  }
  override uuid(): string {
    return Buffer.from(this.#bytes(16))
      .toString("hex")
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
  override typedParamList(): TypedParam[] {
    return Array.from({ length: this.#next(5) }, (_, i): TypedParam => {
      const name = `p${i}`;
      const makers = [
        () => typedParam.int(name, this.int()),
        () => typedParam.uint(name, this.uint()),
        () => typedParam.llong(name, this.hyper()),
        () => typedParam.ullong(name, this.uhyper()),
        () => typedParam.double(name, this.double()),
        () => typedParam.boolean(name, this.flag()),
        () => typedParam.string(name, this.string(100)),
      ];
      return (makers[this.#next(makers.length)] ?? (makers[0] as () => TypedParam))();
    });
  }
  override typedParams(): TypedParams {
    return Object.fromEntries(this.typedParamList().map((param) => [param.field, param.value]));
  }
}
