import { once } from "node:events";
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/**
 * What happens to bytes on their way. `slow`: each piece, each way, waits up to `ms`, so that what was sent on two
 * connections arrives in another order. `trickle`: so many bytes at a time. `refuse`: no new connections.
 */
export type Weather = { kind: "clear" | "refuse" | "stall" } | { kind: "slow"; ms: number } | { kind: "trickle"; bytes: number };

/** Between two programs that speak over a socket. */
export class FaultProxy {
  readonly #target: NetConnectOpts;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #dice: () => number;
  #weather: Weather = { kind: "clear" };
  #changed = Promise.withResolvers<void>();

  private constructor(target: NetConnectOpts, dice: () => number) {
    this.#target = target;
    this.#dice = dice;
    this.#server = createServer((near) => this.#accept(near));
  }

  /** @param at path of a Unix socket, or a TCP port of loopback (0 for any) */
  static async listen(at: string | number, target: NetConnectOpts, dice: () => number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, dice);
    if (typeof at === "string") proxy.#server.listen(at);
    else proxy.#server.listen(at, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }
  /** How many connections go through it now. */
  get connections(): number {
    return this.#pairs.size;
  }

  set weather(weather: Weather) {
    this.#weather = weather;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** Cuts all connections. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(near: Socket): void {
    near.on("error", () => undefined);
    if (this.#weather.kind === "refuse") {
      near.destroy();
      return;
    }
    const far = connect(this.#target);
    far.on("error", () => undefined);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.once("close", end);
    far.once("close", end);
    for (const [from, to] of [pair, [far, near] as const]) void this.#carry(from, to).catch(end);
  }

  async #carry(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      await this.#fair();
      const weather = this.#weather;
      if (weather.kind === "slow") {
        await delay(this.#dice() * weather.ms);
        await this.#fair();
      }
      for (let at = 0; at < chunk.length;) {
        const now = this.#weather;
        const piece = now.kind === "trickle" ? chunk.subarray(at, at + now.bytes) : chunk.subarray(at);
        at += piece.length;
        if (!to.write(piece)) await Promise.race([once(to, "drain"), once(to, "close")]);
        if (now.kind === "trickle") await delay(1);
      }
    }
    to.end();
  }

  /** Waits for as long as nothing goes through. */
  async #fair(): Promise<void> {
    while (this.#weather.kind === "stall") await this.#changed.promise;
  }
}
