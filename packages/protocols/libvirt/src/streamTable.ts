import type { Procedure } from "./call.ts";
import * as wire from "./generated/protocol.ts";
import { decodeNetMessageError, decodeNetStreamHole, encodeNetStreamHole } from "./generated/structs.ts";
import { LibvirtError } from "./libvirtError.ts";
import { Stream, type StreamPort } from "./stream.ts";
import type { MessageHeader } from "./wire/messageParser.ts";
import type { Outbox } from "./wire/outbox.ts";
import type { XdrReader } from "./xdr/xdrReader.ts";

const PROTOCOL_VERSION = 1;

/** The open streams of a connection, by the serial of the call that opened them. */
export class StreamTable implements StreamPort {
  readonly #outbox: Outbox;
  readonly #pause: ((paused: boolean) => void) | undefined;
  readonly #streams = new Map<number, { stream: Stream; procedure: Procedure }>();
  readonly #lagging = new Set<Stream>();

  /** `pause` stops reading the socket for a consumer that lags; without it such a stream is ended. */
  constructor(outbox: Outbox, pause: ((paused: boolean) => void) | undefined) {
    this.#outbox = outbox;
    this.#pause = pause;
  }

  /** Whether reading is stopped for a consumer. */
  get paused(): boolean {
    return this.#lagging.size > 0;
  }

  has(serial: number): boolean {
    return this.#streams.has(serial);
  }

  /** Makes the stream of a call that was just sent. */
  open(serial: number, procedure: Procedure, boundBytes: number): Stream {
    const stream = new Stream(this, serial, boundBytes);
    this.#streams.set(serial, { stream, procedure });
    return stream;
  }

  /** Takes a stream message. Throws on one that cannot be; one of a stream that was given up is dropped. */
  receive(header: MessageHeader, body: XdrReader): void {
    const entry = this.#streams.get(header.serial);
    if (entry === undefined) return;
    if (header.status === wire.VIR_NET_ERROR) entry.stream.fail(new LibvirtError(decodeNetMessageError(body), entry.procedure.name));
    else if (header.type === wire.VIR_NET_STREAM_HOLE) {
      const hole = decodeNetStreamHole(body);
      if (hole.length < 0n) throw new Error("stream gap of negative length");
      entry.stream.receiveHole(hole.length);
    } else if (header.status === wire.VIR_NET_CONTINUE) entry.stream.receiveData(body.rest());
    else if (header.status === wire.VIR_NET_OK) entry.stream.receiveEnd();
    else throw new Error(`stream message with status ${header.status}`);
  }

  /** Ends all streams with the connection's reason. */
  end(reason: Error): void {
    for (const { stream } of this.#streams.values()) stream.fail(reason);
    this.#streams.clear();
  }

  /** Tells the server to give up a stream that nobody here has. */
  refuse(procedure: Procedure, serial: number): void {
    this.#send(procedure, serial, wire.VIR_NET_ERROR);
  }

  #send(procedure: Procedure, serial: number, status: number, data?: Uint8Array): void {
    const start = this.#outbox.begin(procedure.program, PROTOCOL_VERSION, procedure.number, wire.VIR_NET_STREAM, serial, status);
    this.#outbox.finish(start, data === undefined ? null : (writer, bytes) => writer.raw(bytes), data);
  }

  sendData(serial: number, data: Uint8Array): void {
    const entry = this.#streams.get(serial);
    if (entry) this.#send(entry.procedure, serial, wire.VIR_NET_CONTINUE, data);
  }

  sendHole(serial: number, length: bigint): void {
    const entry = this.#streams.get(serial);
    if (!entry) return;
    const start = this.#outbox.begin(
      entry.procedure.program,
      PROTOCOL_VERSION,
      entry.procedure.number,
      wire.VIR_NET_STREAM_HOLE,
      serial,
      wire.VIR_NET_CONTINUE,
    );
    this.#outbox.finish(start, encodeNetStreamHole, { length, flags: 0 });
  }

  sendEnd(serial: number, abort: boolean): void {
    const entry = this.#streams.get(serial);
    if (entry) this.#send(entry.procedure, serial, abort ? wire.VIR_NET_ERROR : wire.VIR_NET_OK);
  }

  flushed(): Promise<void> | undefined {
    return this.#outbox.flushed();
  }

  lagging(stream: Stream, behind: boolean): boolean {
    if (this.#pause === undefined) return false;
    if (behind) this.#lagging.add(stream);
    else this.#lagging.delete(stream);
    this.#pause(this.#lagging.size > 0);
    return true;
  }

  forget(serial: number): void {
    const entry = this.#streams.get(serial);
    this.#streams.delete(serial);
    // A server may send before it refuses the call, or before the call is given up: nobody will ever read that.
    if (entry && this.#lagging.delete(entry.stream)) this.#pause?.(this.#lagging.size > 0);
  }
}
