/** Close code "service restart" (RFC 6455's registry at IANA): the client connects again, perhaps at another server. */
export const comeAgain = 1012;
/** Longer frames go on as they come; shorter ones when they are whole. */
const longestHeld = 1024 ** 2;
const closeOpcode = 8;

/**
 * Reads where the frames of a WebSocket begin and end (RFC 6455 section 5.2) that is passed on as it is, so that a word
 * of our own can follow when its sender breaks off.
 */
export class WholeFrames {
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of a long frame that are still to come. */
  #rest = 0;
  /** The sender said goodbye itself. */
  closed = false;

  /** Whether what went on ends with a frame. */
  get between(): boolean {
    return this.#rest === 0;
  }

  /** @returns what may go on of what came */
  take(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = Math.min(this.#rest, bytes.length);
    this.#rest -= at;
    while (this.#rest === 0) {
      const length = lengthOf(bytes, at);
      if (length === undefined) break;
      const there = bytes.length - at;
      if (there < length && length <= longestHeld) break;
      if ((bytes[at]! & 0x0f) === closeOpcode) this.closed = true;
      at += Math.min(length, there);
      this.#rest = Math.max(0, length - there);
    }
    this.#held = bytes.subarray(at);
    return bytes.subarray(0, at);
  }
}

/** Of the frame at `at`, with its head; undefined where its head is not there yet. */
function lengthOf(bytes: Buffer, at: number): number | undefined {
  if (bytes.length < at + 2) return undefined;
  const short = bytes[at + 1]! & 0x7f;
  const more = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < at + 2 + more) return undefined;
  const payload = more === 2 ? bytes.readUInt16BE(at + 2) : more === 8 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
  return 2 + more + (bytes[at + 1]! & 0x80 ? 4 : 0) + payload;
}

/** A frame that ends a WebSocket as a server does. @param reason cut to the 123 bytes that there is room for */
export function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(shortReason(reason));
  const frame = Buffer.alloc(4 + text.length);
  frame[0] = 0x80 | closeOpcode;
  frame[1] = 2 + text.length;
  frame.writeUInt16BE(code, 2);
  text.copy(frame, 4);
  return frame;
}

/** As much of a reason as a close frame has room for. */
export function shortReason(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}
