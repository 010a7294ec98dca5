import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "@polyvisor/api/client";
import type { Host } from "@polyvisor/model";
import type { AnyServer } from "./anyServer.ts";

/** Two operators who count in a tag of the same host, each only where the other did not come between: no step may be lost or counted twice. */
export class NoteKeeper {
  /** Steps that a server said it kept. */
  kept = 0;
  /** Those of which nobody told whether they were. */
  unsure = 0;
  readonly #hostId: string;
  readonly #any: AnyServer;

  constructor(hostId: string, any: AnyServer) {
    this.#hostId = hostId;
    this.#any = any;
  }

  async count(stop: AbortSignal): Promise<void> {
    const params = { id: this.#hostId };
    while (!stop.aborted) {
      const host = (await this.#any.ask("the host", (client, signal) => client.call("hostGet", { params, signal }))) as Host;
      let attempts = 0;
      try {
        await this.#any.ask("its tag", (client, signal) => {
          attempts++;
          return client.call("hostChange", { params, body: { tags: [`n-${countOf(host) + 1}`] }, ifMatch: `"${host.revision}"`, signal });
        });
        this.kept++;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // A refusal of a repeat may be the answer to our own first attempt.
        if (attempts > 1) this.unsure++;
      }
      await delay(100);
    }
  }

  /** What is wrong with the number in the end. */
  async fault(): Promise<string | undefined> {
    const host = (await this.#any.ask("the host", (client, signal) => client.call("hostGet", { params: { id: this.#hostId }, signal }))) as Host;
    const count = countOf(host);
    return count < this.kept || count > this.kept + this.unsure
      ? `${this.kept} to ${this.kept + this.unsure} counted steps were kept, the host's tag says ${count}`
      : undefined;
  }
}

const countOf = (host: Host): number => Number(host.tags.find((tag) => tag.startsWith("n-"))?.slice(2) ?? 0);
