import { VIR_NET_MESSAGE_LEN_MAX, VIR_NET_MESSAGE_MAX } from "../generated/protocol.ts";
import { XdrError } from "../xdr/xdrError.ts";
import { XdrWriter } from "../xdr/xdrWriter.ts";

/** A batch that grows beyond this is sent without waiting for the end of the turn, so that the server can begin. */
const EAGER = 65_536;
/** A buffer that grew beyond this is not kept. */
const KEPT = 1_048_576;
/** Bytes that may wait for a peer that does not read. */
const BACKLOG = 64 * 1_048_576;

/**
 * Messages on their way out. Those of one turn of the event loop leave in one write; while the peer does not take them,
 * they gather up to a bound.
 */
export class Outbox {
  readonly #send: (bytes: Buffer) => boolean;
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#write();
  };
  #writer = new XdrWriter();
  #scheduled = false;
  #blocked = false;
  #stopped = false;
  #waiting: (() => void)[] = [];

  /** `send` gives bytes to the transport and says whether they have left already; it may keep them until `drained`. */
  constructor(send: (bytes: Buffer) => boolean) {
    this.#send = send;
  }

  /** Whether so much waits for the peer that nothing should be added. */
  get full(): boolean {
    return this.#writer.at > BACKLOG;
  }

  /** Writes a header; returns where the message starts. */
  begin(program: number, version: number, procedure: number, type: number, serial: number, status: number): number {
    const writer = this.#writer;
    writer.need(28);
    const start = writer.at;
    const view = writer.view;
    view.setUint32(start + 4, program);
    view.setUint32(start + 8, version);
    view.setInt32(start + 12, procedure);
    view.setInt32(start + 16, type);
    view.setUint32(start + 20, serial);
    view.setInt32(start + 24, status);
    writer.at = start + 28;
    return start;
  }

  /** Writes the body, sets the length and sees that the message leaves. If the body throws, the message never was. */
  finish<Value>(start: number, body?: ((writer: XdrWriter, value: Value) => void) | null, value?: Value): void {
    const writer = this.#writer;
    try {
      body?.(writer, value as Value);
      const size = writer.at - start;
      if (size > VIR_NET_MESSAGE_MAX + VIR_NET_MESSAGE_LEN_MAX) throw new XdrError(`message of ${size} bytes, at most ${VIR_NET_MESSAGE_MAX} are allowed`);
      writer.view.setUint32(start, size);
    } catch (error) {
      writer.at = start;
      throw error;
    }
    if (this.#blocked) return;
    if (writer.at >= EAGER) this.#write();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(this.#flush);
    }
  }

  #write(): void {
    if (this.#blocked || this.#stopped || this.#writer.at === 0) return;
    const writer = this.#writer;
    const bytes = writer.buffer.subarray(0, writer.at);
    if (this.#send(bytes)) {
      if (writer.buffer.length > KEPT) writer.take();
      writer.at = 0;
      this.#release();
    } else {
      this.#blocked = true;
      writer.take();
    }
  }

  /** The transport has passed on all it was given. */
  drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (this.#writer.at > 0) this.#write();
    if (!this.#blocked) this.#release();
  }

  #release(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves once everything has left or the outbox was stopped; undefined if it has already. */
  flushed(): Promise<void> | undefined {
    if (this.#stopped || (!this.#blocked && this.#writer.at === 0)) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Nothing is sent any more; whoever waits goes on. */
  stop(): void {
    this.#stopped = true;
    this.#release();
  }
}
