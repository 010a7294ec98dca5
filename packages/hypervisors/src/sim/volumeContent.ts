import { PolyvisorError } from "@polyvisor/model";

const blockSize = 64 * 1024;
const zeros = new Uint8Array(blockSize);
/** What the simulator keeps of written data in all, so that an upload of zeros or of a terabyte cannot fill the machine's memory. */
const limit = 512 * 1024 ** 2;
let kept = 0;
const freed = new FinalizationRegistry<{ bytes: number }>((held) => void (kept -= held.bytes));

/** The bytes of one volume, kept sparsely: blocks that are all zeros take no memory. */
export class VolumeContent {
  #blocks = new Map<number, Uint8Array>();
  readonly #held = { bytes: 0 };
  /** Bytes up to the end of what was written. */
  length = 0;

  constructor() {
    freed.register(this, this.#held);
  }

  /** Bytes that are really kept. */
  get allocation(): number {
    return this.#blocks.size * blockSize;
  }

  write(offset: number, bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      const at = offset + done;
      const within = at % blockSize;
      const part = bytes.subarray(done, done + Math.min(blockSize - within, bytes.length - done));
      this.#put((at - within) / blockSize, within, part);
      done += part.length;
    }
    this.length = Math.max(this.length, offset + bytes.length);
  }

  #put(index: number, within: number, part: Uint8Array): void {
    let block = this.#blocks.get(index);
    if (!block) {
      if (part.every((byte) => byte === 0)) return;
      if (kept + blockSize > limit)
        throw new PolyvisorError("noSpace", {
          detail: `the simulator keeps at most ${limit / 1024 ** 2} MiB of written data in memory`,
          remedy: "Delete volumes that were written to, or write less.",
        });
      block = new Uint8Array(blockSize);
      this.#blocks.set(index, block);
      kept += blockSize;
      this.#held.bytes += blockSize;
    }
    block.set(part, within);
  }

  /** The bytes from the start up to `length`, a block at a time, as the reader takes them. */
  *read(length: number): Generator<Uint8Array> {
    for (let at = 0; at < length; at += blockSize) {
      const block = this.#blocks.get(at / blockSize) ?? zeros;
      yield block.slice(0, Math.min(blockSize, length - at));
    }
  }

  clear(): void {
    kept -= this.#held.bytes;
    this.#held.bytes = 0;
    this.#blocks = new Map();
    this.length = 0;
  }

  copy(): VolumeContent {
    const copy = new VolumeContent();
    for (const [index, block] of this.#blocks) copy.#put(index, 0, block);
    copy.length = this.length;
    return copy;
  }
}
