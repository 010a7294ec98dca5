import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type Client } from "@polyvisor/api/client";
import type { StormServer } from "./stormServer.ts";

/** What a client behind a load balancer does: asks one server after another until one answers. */
export class AnyServer {
  readonly #servers: readonly StormServer[];
  /** Answers that no server may give. */
  readonly faults: string[] = [];
  #turn = 0;

  constructor(servers: readonly StormServer[]) {
    this.#servers = servers;
  }

  /**
   * @throws ApiError what is an answer and not a server's or the database's trouble
   * @param patienceMs rejects when no server has answered by then
   */
  async ask<T>(what: string, ask: (client: Client, signal: AbortSignal) => Promise<T>, patienceMs = 120_000): Promise<T> {
    const end = Date.now() + patienceMs;
    for (;;) {
      const server = this.#servers[this.#turn++ % this.#servers.length]!;
      try {
        if (!server.up) throw new Error(`${server.name} is down`);
        return await ask(server.client, AbortSignal.timeout(15_000));
      } catch (error) {
        if (error instanceof ApiError) {
          const { code, detail } = error.problem;
          if (code === "internal") this.faults.push(`${what}: ${server.name} answered internal: ${detail}`);
          else if (code !== "starting" && code !== "storeUnavailable" && code !== "rateLimited") throw error;
        }
        if (Date.now() > end) throw new Error(`no server answered in ${patienceMs / 1000} s: ${what}`, { cause: error });
        await delay(100);
      }
    }
  }
}
