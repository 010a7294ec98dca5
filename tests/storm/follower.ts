import { setTimeout as delay } from "node:timers/promises";
import type { Event, Task } from "@polyvisor/model";
import { EventReplica } from "../../apps/server/src/lab/labPlane.ts";
import type { StormServer } from "./stormServer.ts";

/** A client that follows the events all along: of its server, and of another one from where it was when that goes. */
export class Follower {
  readonly replica = new EventReplica("0");
  /** Of each task: how often it began, and the states in which it ended. */
  readonly tasks = new Map<string, { created: number; ended: string[] }>();
  /** How often it went on at another server. */
  moves = 0;
  readonly #servers: readonly StormServer[];
  readonly #over: AbortSignal;

  constructor(servers: readonly StormServer[], first: number, over: AbortSignal) {
    this.#servers = servers;
    this.#over = over;
    void this.#follow(first);
  }

  async #follow(first: number): Promise<void> {
    for (let n = first; !this.#over.aborted; n++, this.moves++) {
      const server = this.#servers[n % this.#servers.length]!;
      const lost = new AbortController();
      const watch = setInterval(() => server.up || lost.abort(), 50);
      try {
        const signal = AbortSignal.any([this.#over, lost.signal]);
        if (server.up)
          for await (const event of server.client.events({ since: this.replica.last, signal, onConnection: (state) => state === "lost" && lost.abort() }))
            this.#take(event);
      } catch {
        // it went; another goes on
      } finally {
        clearInterval(watch);
      }
      await delay(50);
    }
  }

  #take(event: Event): void {
    this.replica.take(event);
    if (event.kind !== "task" || event.type === "reset") return;
    const seen = this.tasks.get(event.objectId) ?? { created: 0, ended: [] };
    this.tasks.set(event.objectId, seen);
    if (event.type === "created") seen.created++;
    const task = event.object as Task | undefined;
    if (task?.endedAt !== undefined && event.fields.includes("endedAt")) seen.ended.push(task.state);
  }

  /** What no client may see. @param accepted ids of the tasks that the servers said they accepted */
  faults(accepted: Iterable<string>): string[] {
    const out = [...this.replica.faults];
    if (this.replica.resets > 0) out.push(`${this.replica.resets} resets`);
    for (const id of accepted) {
      const seen = this.tasks.get(id);
      if (seen?.created !== 1 || seen.ended.length !== 1)
        out.push(`task ${id} began ${seen?.created ?? 0} times and ended as [${seen?.ended.join(", ") ?? ""}]`);
    }
    return out;
  }
}
