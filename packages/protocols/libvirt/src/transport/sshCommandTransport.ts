import type { ClientChannel } from "ssh2";
import { ConnectionError } from "../connectionError.ts";
import { DuplexTransport } from "./duplexTransport.ts";

/** Most of what a failing command says that is kept. */
const SAID = 500;

/** A command on an SSH server whose input and output are libvirt's socket there. Its end tells why it ended. */
export class SshCommandTransport extends DuplexTransport {
  readonly #channel: ClientChannel;
  readonly #remedy: string;
  #said = "";
  #status: number | null = null;

  constructor(channel: ClientChannel, peer: string, remedy: string, onDestroy: () => void) {
    super(channel, peer, true, onDestroy);
    this.#channel = channel;
    this.#remedy = remedy;
    channel.stderr.on("data", (chunk: Buffer) => {
      if (this.#said.length < SAID) this.#said += chunk.toString("utf8");
    });
    channel.on("exit", (status: number | null) => {
      this.#status = status;
    });
  }

  override start(events: Parameters<DuplexTransport["start"]>[0]): void {
    let over = false;
    this.#channel.once("close", () => {
      over = true;
      const said = this.#said.trim().slice(0, SAID) || "it said nothing";
      events.ended(
        this.#status
          ? new ConnectionError("tunnel", `${this.peer}: the command there ended with status ${this.#status} (${said})`, { remedy: this.#remedy })
          : undefined,
      );
    });
    super.start({
      bytes: (buffer, length) => events.bytes(buffer, length),
      drained: () => events.drained(),
      // The end of its output comes before its status: wait for the channel to close, which we ask for.
      ended: (error) => {
        if (error && !over) events.ended(error);
        else this.#channel.end();
      },
    });
  }
}
