/**
 * Builds XDR by hand, byte after byte, for goldens. Written apart from the codec and sharing nothing with it, so that
 * a mistake in one shows against the other.
 */
export class ByteBuilder {
  readonly bytes: number[] = [];

  u32(value: number): this {
    this.bytes.push(Math.floor(value / 16_777_216) % 256, Math.floor(value / 65_536) % 256, Math.floor(value / 256) % 256, value % 256);
    return this;
  }
  i32(value: number): this {
    return this.u32(value < 0 ? 4_294_967_296 + value : value);
  }
  u64(value: bigint): this {
    return this.u32(Number(value / 4_294_967_296n)).u32(Number(value % 4_294_967_296n));
  }
  i64(value: bigint): this {
    return this.u64(value < 0n ? 18_446_744_073_709_551_616n + value : value);
  }
  raw(...values: number[]): this {
    for (const value of values) this.bytes.push(value);
    return this;
  }
  padded(values: Iterable<number>): this {
    for (const value of values) this.bytes.push(value);
    while (this.bytes.length % 4 !== 0) this.bytes.push(0);
    return this;
  }
  bulk(values: Iterable<number>): this {
    for (const value of values) this.bytes.push(value);
    return this;
  }
  string(text: string): this {
    const encoded = [...new TextEncoder().encode(text)];
    return this.u32(encoded.length).padded(encoded);
  }
  uuid(text: string): this {
    return this.raw(...(text.replaceAll("-", "").match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
  }
  domain(name: string, uuid: string, id: number): this {
    return this.string(name).uuid(uuid).i32(id);
  }

  /** The body as it stands. */
  get buffer(): Buffer {
    return Buffer.from(this.bytes);
  }

  /** The body behind a length word and a header. */
  message(header: { program?: number; procedure: number; type: number; serial?: number; status?: number; version?: number }): Buffer {
    const head = new ByteBuilder()
      .u32(28 + this.bytes.length)
      .u32(header.program ?? 0x20008086)
      .u32(header.version ?? 1)
      .i32(header.procedure)
      .u32(header.type)
      .u32(header.serial ?? 0)
      .u32(header.status ?? 0);
    return Buffer.concat([Buffer.from(head.bytes), Buffer.from(this.bytes)]);
  }
}
