import type { TLSSocket } from "node:tls";
import { DuplexTransport } from "./duplexTransport.ts";

/**
 * TLS, one message a record. A libvirt server reads one message, and then waits for its socket although the TLS library
 * may hold further messages of the same record, decrypted: they would lie there until something else arrives. Node
 * joins writes that wait, so each is made only when the one before is out.
 */
export class TlsTransport extends DuplexTransport {
  readonly #socket: TLSSocket;
  #drained = (): void => {};
  #waiting: Buffer | undefined;

  constructor(socket: TLSSocket, peer: string) {
    super(socket, peer, true);
    this.#socket = socket;
  }

  override start(events: Parameters<DuplexTransport["start"]>[0]): void {
    this.#drained = () => events.drained();
    super.start(events);
  }

  override send(bytes: Buffer): boolean {
    this.#waiting = bytes;
    this.#next();
    return false;
  }

  readonly #next = (): void => {
    const bytes = this.#waiting;
    if (bytes === undefined || this.#socket.destroyed) return;
    if (bytes.length === 0) {
      this.#waiting = undefined;
      this.#drained();
      return;
    }
    const size = bytes.readUInt32BE(0);
    this.#waiting = bytes.subarray(size);
    this.#socket.write(bytes.subarray(0, size), this.#next);
  };
}
