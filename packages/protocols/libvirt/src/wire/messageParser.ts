import { VIR_NET_MESSAGE_HEADER_MAX, VIR_NET_MESSAGE_LEN_MAX, VIR_NET_MESSAGE_MAX } from "../generated/protocol.ts";
import { XdrError } from "../xdr/xdrError.ts";
import { XdrReader } from "../xdr/xdrReader.ts";

/** Header of a message; one object is reused for all. */
export interface MessageHeader {
  program: number;
  version: number;
  procedure: number;
  /** VIR_NET_CALL, VIR_NET_REPLY, … */
  type: number;
  serial: number;
  /** VIR_NET_OK, VIR_NET_ERROR, VIR_NET_CONTINUE */
  status: number;
}

const SMALLEST = VIR_NET_MESSAGE_LEN_MAX + VIR_NET_MESSAGE_HEADER_MAX;
const KEPT = 1_048_576;

/**
 * Cuts a byte stream into messages. Whole messages are handed over where they lie in the pushed chunk, without a copy;
 * only one that is cut by a chunk's end is gathered. Memory grows with bytes received, never with a length announced.
 */
export class MessageParser {
  /** Most bytes of a message, its length word included. Kept small until the peer has proved itself. */
  limit: number;
  readonly #message: (header: MessageHeader, body: XdrReader) => void;
  readonly #header: MessageHeader = { program: 0, version: 0, procedure: 0, type: 0, serial: 0, status: 0 };
  readonly #body = new XdrReader();
  #chunk: Buffer | undefined;
  #chunkView: DataView = new DataView(new ArrayBuffer(0));
  #held = Buffer.allocUnsafeSlow(8192);
  #heldView = new DataView(this.#held.buffer);
  #have = 0;
  #stopped = false;

  /** `message` gets header and body of each message; both are only valid during the call. */
  constructor(message: (header: MessageHeader, body: XdrReader) => void, limit = VIR_NET_MESSAGE_MAX + VIR_NET_MESSAGE_LEN_MAX) {
    this.#message = message;
    this.limit = limit;
  }

  /** Bytes of an unfinished message held so far. */
  get pending(): number {
    return this.#have;
  }

  /** No message is handed over any more. */
  stop(): void {
    this.#stopped = true;
    this.#have = 0;
  }

  /** Takes `chunk[0, length)`. Throws XdrError where a length or a header cannot be; the stream is lost then. */
  push(chunk: Buffer, length: number = chunk.length): void {
    let at = 0;
    if (this.#have > 0) {
      at = this.#gather(chunk, length);
      if (this.#have > 0) return;
    }
    if (this.#chunk !== chunk) {
      this.#chunk = chunk;
      this.#chunkView = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    const view = this.#chunkView;
    while (length - at >= VIR_NET_MESSAGE_LEN_MAX && !this.#stopped) {
      const size = this.#checked(view.getUint32(at));
      if (length - at < size) break;
      this.#emit(chunk, view, at, at + size);
      at += size;
    }
    if (at < length && !this.#stopped) this.#hold(chunk, at, length);
  }

  #checked(size: number): number {
    if (size < SMALLEST) throw new XdrError(`message announces ${size} bytes, less than its header takes`);
    if (size > this.limit) throw new XdrError(`message announces ${size} bytes, at most ${this.limit} are allowed`);
    return size;
  }

  #emit(buffer: Buffer, view: DataView, start: number, end: number): void {
    const header = this.#header;
    header.program = view.getUint32(start + 4);
    header.version = view.getUint32(start + 8);
    header.procedure = view.getInt32(start + 12);
    header.type = view.getInt32(start + 16);
    header.serial = view.getUint32(start + 20);
    header.status = view.getInt32(start + 24);
    this.#body.point(buffer, view, start + SMALLEST, end);
    this.#message(header, this.#body);
  }

  /** Adds what the unfinished message needs from the chunk; returns where the chunk goes on. */
  #gather(chunk: Buffer, length: number): number {
    let at = 0;
    if (this.#have < VIR_NET_MESSAGE_LEN_MAX) {
      at = Math.min(VIR_NET_MESSAGE_LEN_MAX - this.#have, length);
      this.#hold(chunk, 0, at);
      if (this.#have < VIR_NET_MESSAGE_LEN_MAX) return at;
    }
    const size = this.#checked(this.#heldView.getUint32(0));
    const take = Math.min(size - this.#have, length - at);
    this.#hold(chunk, at, at + take);
    if (this.#have < size) return at + take;
    this.#have = 0;
    this.#emit(this.#held, this.#heldView, 0, size);
    if (this.#held.length > KEPT) this.#resize(8192);
    return at + take;
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    const needed = this.#have + end - start;
    if (needed > this.#held.length) this.#resize(Math.max(needed, this.#held.length * 2));
    chunk.copy(this.#held, this.#have, start, end);
    this.#have = needed;
  }

  #resize(size: number): void {
    const resized = Buffer.allocUnsafeSlow(size);
    this.#held.copy(resized, 0, 0, this.#have);
    this.#held = resized;
    this.#heldView = new DataView(resized.buffer);
  }
}
