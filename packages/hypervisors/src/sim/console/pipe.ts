import type { ByteChannel } from "../../hypervisor.ts";

/** Bytes that may wait on one side before its writer has to. */
const highWater = 256 * 1024;

/** One direction: bytes in order, a writer that waits while the reader is behind. */
export class BytePipe {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #broken = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  /** Bytes that wait for the reader. */
  get waiting(): number {
    return this.#size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#ended || this.#broken) throw new Error("the channel is closed");
    if (chunk.length > 0) {
      this.#chunks.push(chunk.slice());
      this.#size += chunk.length;
      this.#wakeReader?.();
    }
    while (this.#size > highWater && !this.#broken) await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
    if (this.#broken) throw new Error("the channel is closed");
  }

  /** No more is written; what waits is still read. */
  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
  }

  /** Resolves when everything has been read. */
  async drained(): Promise<void> {
    while (this.#size > 0 && !this.#broken) await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
  }

  /** Over at once; what waits is lost. */
  break(): void {
    this.#broken = true;
    this.#chunks = [];
    this.#size = 0;
    this.#wakeReader?.();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#size -= chunk.length;
        if (this.#size <= highWater) this.#wake();
        yield chunk;
      } else if (this.#ended || this.#broken) return;
      else {
        await new Promise<void>((resolve) => (this.#wakeReader = resolve));
        this.#wakeReader = undefined;
      }
    }
  }

  #wake(): void {
    const writers = this.#wakeWriters;
    this.#wakeWriters = [];
    for (const wake of writers) wake();
  }
}

/** The two ends of a channel: the caller's, and the pipes that the guest's side reads and writes. */
export function channelPair(onClose: () => void): { channel: ByteChannel; fromCaller: BytePipe; toCaller: BytePipe } {
  const fromCaller = new BytePipe();
  const toCaller = new BytePipe();
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    fromCaller.break();
    toCaller.break();
    onClose();
  };
  return {
    fromCaller,
    toCaller,
    channel: {
      readable: toCaller,
      write: (chunk) => fromCaller.write(chunk),
      finish: async () => {
        fromCaller.end();
        await fromCaller.drained();
      },
      close,
    },
  };
}
