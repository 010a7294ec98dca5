import { ConnectionError } from "./connectionError.ts";

/** A gap in a sparse stream: that many zero bytes, not sent. */
export interface StreamHole {
  /** Length in bytes. */
  hole: bigint;
}

/** What a stream needs from its connection. */
export interface StreamPort {
  sendData(serial: number, data: Uint8Array): void;
  sendHole(serial: number, length: bigint): void;
  sendEnd(serial: number, abort: boolean): void;
  /** Resolves once what was sent has left this process, or the connection ended. */
  flushed(): Promise<void> | undefined;
  /** The stream's consumer fell behind its bound (true) or caught up (false). Returns false if the bound must hold at once. */
  lagging(stream: Stream, behind: boolean): boolean;
  /** The stream takes no further messages. */
  forget(serial: number): void;
}

/** What a queued part costs beside its bytes: a flood of tiny parts must reach the bound, too. */
const PART = 128;
/** Largest payload of one stream message: what even old servers accept. */
const CHUNK = 262_120;

/**
 * A two-way stream that a call opened: console, channel, volume upload or download.
 *
 * libvirt's streams have no credit: a server sends as fast as the socket takes it. So what a consumer has not read yet
 * is held here, up to a bound. Beyond it an ordinary connection ends the stream with a ConnectionError `overrun`,
 * because its other calls and events must go on; a `bulk` connection stops reading the socket instead.
 */
export class Stream implements AsyncIterable<Uint8Array> {
  readonly #port: StreamPort;
  readonly #serial: number;
  readonly #bound: number;
  #queue: (Uint8Array | StreamHole)[] = [];
  #head = 0;
  /** What is left of a gap that is being read as zero bytes. */
  #gap = 0n;
  #queued = 0;
  #behind = false;
  #waiting: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;
  #finishing: PromiseWithResolvers<void> | undefined;
  #over = false;

  constructor(port: StreamPort, serial: number, boundBytes: number) {
    this.#port = port;
    this.#serial = serial;
    this.#bound = boundBytes;
  }

  /** Bytes that what was received and not read yet takes here, its keeping included. */
  get bufferedBytes(): number {
    return this.#queued;
  }

  /**
   * Sends bytes. Resolves when they have left this process, which is the back-pressure: await it before the next.
   * Rejects with the stream's error once the server ended it.
   */
  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += CHUNK) {
      this.#usable();
      this.#port.sendData(this.#serial, data.subarray(at, at + CHUNK));
      await this.#port.flushed();
    }
    if (this.#error) throw this.#error;
  }

  /** Sends a gap of `length` bytes; only for a stream opened with libvirt's sparse flag. */
  async writeHole(length: bigint): Promise<void> {
    this.#usable();
    this.#port.sendHole(this.#serial, length);
    await this.#port.flushed();
  }

  #usable(): void {
    if (this.#error) throw this.#error;
    if (this.#finishing || this.#over) throw new ConnectionError("closed", "the stream was finished already");
  }

  /** Ends the stream properly: resolves when the server has confirmed that everything was taken. A second call waits for the same. */
  async finish(): Promise<void> {
    if (this.#finishing) return this.#finishing.promise;
    this.#usable();
    this.#finishing = Promise.withResolvers<void>();
    this.#port.sendEnd(this.#serial, false);
    return this.#finishing.promise;
  }

  /** Gives the stream up. What was not read yet is dropped; readers see the end. */
  abort(): void {
    if (this.#over) return;
    this.#port.sendEnd(this.#serial, true);
    this.#close();
    this.#clear();
    this.#finishing?.reject(new ConnectionError("closed", "the stream was aborted"));
    this.#wake();
  }

  /** Next bytes, in order; `undefined` at the end. Gaps come as zero bytes; `readSparse` gives them as gaps. */
  async read(): Promise<Uint8Array | undefined> {
    const part = await this.readSparse();
    if (part === undefined || part instanceof Uint8Array) return part;
    const piece = part.hole > BigInt(CHUNK) ? CHUNK : Number(part.hole);
    this.#gap = part.hole - BigInt(piece);
    return new Uint8Array(piece);
  }

  /** Next bytes or gap, in order; `undefined` at the end. */
  async readSparse(): Promise<Uint8Array | StreamHole | undefined> {
    for (;;) {
      const part = this.#take();
      if (part !== undefined) {
        if (this.#behind && this.#queued <= this.#bound / 2) {
          this.#behind = false;
          this.#port.lagging(this, false);
        }
        return part;
      }
      if (this.#error) throw this.#error;
      if (this.#ended || this.#over) return undefined;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  #take(): Uint8Array | StreamHole | undefined {
    if (this.#gap > 0n) {
      const hole = this.#gap;
      this.#gap = 0n;
      return { hole };
    }
    const part = this.#queue[this.#head];
    if (part === undefined) return undefined;
    this.#head++;
    this.#queued -= PART + (part instanceof Uint8Array ? part.length : 0);
    // Taken parts stay in front until they are half of the list, so that taking one costs the same however many wait.
    if (this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return part;
  }

  #clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#gap = 0n;
    this.#queued = 0;
  }

  #hold(part: Uint8Array | StreamHole): void {
    this.#queue.push(part);
    this.#queued += PART + (part instanceof Uint8Array ? part.length : 0);
    if (this.#queued <= this.#bound || this.#behind) return;
    this.#behind = true;
    if (this.#port.lagging(this, true)) return;
    this.#port.sendEnd(this.#serial, true);
    this.fail(
      new ConnectionError("overrun", `a stream held ${this.#queued} bytes that nobody read`, {
        remedy: "read faster, or open bulk streams on a connection of their own (option bulk)",
      }),
    );
  }

  /** Reads to the end and tells the server, which keeps the stream until then; leaving the loop early gives it up. */
  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      for (;;) {
        const part = await this.read();
        if (part === undefined) {
          if (this.#ended && !this.#over) this.finish().catch(() => {});
          return;
        }
        yield part;
      }
    } finally {
      if (!this.#ended && !this.#finishing) this.abort();
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#behind) {
      this.#behind = false;
      this.#port.lagging(this, false);
    }
    this.#port.forget(this.#serial);
  }

  /** For the connection: data came; empty data is the end of what the server sends. */
  receiveData(data: Uint8Array): void {
    if (this.#over || this.#ended) return;
    if (data.length === 0) this.#ended = true;
    else this.#hold(data);
    this.#wake();
  }

  /** For the connection: a gap came. */
  receiveHole(length: bigint): void {
    if (this.#over || this.#ended || length <= 0n) return;
    const last = this.#queue.length > this.#head ? this.#queue.at(-1) : undefined;
    if (last !== undefined && !(last instanceof Uint8Array)) last.hole += length;
    else this.#hold({ hole: length });
    this.#wake();
  }

  /** For the connection: the server confirmed the end. */
  receiveEnd(): void {
    this.#ended = true;
    this.#close();
    this.#finishing?.resolve();
    this.#wake();
  }

  /** For the connection: the stream is broken. What was received before the fault can still be read. */
  fail(error: Error): void {
    if (this.#over) return;
    this.#error = error;
    this.#close();
    this.#finishing?.reject(error);
    this.#wake();
  }
}
