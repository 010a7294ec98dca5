import type { Duplex } from "node:stream";
import type { Transport, TransportEvents } from "./transport.ts";

/** A transport over any Node stream: a TLS socket, an SSH channel, or a plain socket. */
export class DuplexTransport implements Transport {
  readonly peer: string;
  readonly confidential: boolean;
  readonly #stream: Duplex;
  readonly #onDestroy: (() => void) | undefined;
  #events: TransportEvents | undefined;
  #unfinished = 0;
  #told = true;
  readonly #finished = (): void => {
    if (--this.#unfinished > 0 || this.#told) return;
    this.#told = true;
    this.#events?.drained();
  };

  /** `onDestroy` ends what carries the stream, such as the SSH connection. */
  constructor(stream: Duplex, peer: string, confidential: boolean, onDestroy?: () => void) {
    this.#stream = stream;
    this.peer = peer;
    this.confidential = confidential;
    this.#onDestroy = onDestroy;
  }

  /** For a socket made with `onread`: bytes that bypass the stream machinery. */
  received(buffer: Buffer, length: number): void {
    this.#events?.bytes(buffer, length);
  }

  start(events: TransportEvents): void {
    this.#events = events;
    let failure: Error | undefined;
    this.#stream.on("data", (chunk: Buffer) => events.bytes(chunk, chunk.length));
    this.#stream.on("error", (error: Error) => {
      failure = error;
    });
    this.#stream.on("end", () => events.ended());
    this.#stream.on("close", () => events.ended(failure));
    this.#stream.resume();
  }

  send(bytes: Buffer): boolean {
    if (this.#stream.destroyed || this.#stream.writableEnded) return true;
    this.#unfinished++;
    // Node's `drain` comes only above a high-water mark; what counts here is that the bytes have left.
    this.#stream.write(bytes, this.#finished);
    return (this.#told = this.#stream.writableLength === 0);
  }

  pause(paused: boolean): void {
    if (paused) this.#stream.pause();
    else this.#stream.resume();
  }

  destroy(): void {
    this.#events = undefined;
    this.#stream.removeAllListeners("data");
    this.#stream.on("error", () => {});
    this.#stream.destroy();
    this.#onDestroy?.();
  }
}
