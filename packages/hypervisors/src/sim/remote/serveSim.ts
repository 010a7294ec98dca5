import { createServer, type Socket } from "node:net";
import type { Hypervisor } from "../../hypervisor.ts";
import { simKind } from "../simKind.ts";
import { changesUnderWay, failedOf, readLines, writeLine, type Ask, type Hello } from "./wire.ts";

/** The simulated hosts of this process, at a Unix socket. */
export interface ServedSim {
  /** How many connections there are. */
  readonly connections: number;
  close(): Promise<void>;
}

/**
 * Lets another process have the simulated hosts of this one as `sim+unix://ESTATE/HOST?socket=PATH`. They live here:
 * a server that is started anew, or killed, finds them as they became meanwhile, and its memory is its own alone.
 */
export async function serveSim(path: string): Promise<ServedSim> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined); // its end is told by `close`
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, backlog: 4_096 }, resolve);
  });
  return {
    get connections() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: Socket): void {
  let host: Hypervisor | undefined;
  let greeted = false;
  const giveUp = new AbortController();
  const asked = new Map<number, { stop: AbortController; underWay: number; room(): void }>();
  socket.on("close", () => {
    giveUp.abort();
    for (const { stop } of asked.values()) stop.abort();
    void host?.close();
  });
  readLines(socket, (line) => {
    if (greeted) return take(line as Ask);
    greeted = true;
    void greet(line as Hello);
  });

  async function greet({ uri, openTimeoutMs, callTimeoutMs }: Hello): Promise<void> {
    try {
      host = await simKind.connect(new URL(uri), { signal: giveUp.signal, openTimeoutMs, callTimeoutMs });
    } catch (error) {
      writeLine(socket, { n: 0, failure: failedOf(error) });
      return void socket.end();
    }
    if (giveUp.signal.aborted) return void host.close();
    void host.closed.then((error) => {
      if (error && !socket.destroyed) writeLine(socket, { n: 0, failure: failedOf(error) });
      socket.end();
    });
    writeLine(socket, { features: host.features });
  }

  function take(ask: Ask): void {
    if (!host || typeof ask !== "object" || ask === null || !Number.isSafeInteger(ask.n)) return void socket.destroy();
    const entry = asked.get(ask.n);
    if (ask.do === "cancel") return entry?.stop.abort();
    if (ask.do === "took") {
      if (!entry) return;
      entry.underWay -= ask.count;
      return entry.room();
    }
    const own = { stop: new AbortController(), underWay: 0, room: () => undefined };
    asked.set(ask.n, own);
    void answer(host, ask, own)
      .then(
        (value) => !socket.destroyed && writeLine(socket, { n: ask.n, value }),
        (error: unknown) => !socket.destroyed && writeLine(socket, { n: ask.n, failure: failedOf(error) }),
      )
      .finally(() => asked.delete(ask.n));
  }

  async function answer(hypervisor: Hypervisor, ask: Ask, own: { stop: AbortController; underWay: number; room(): void }): Promise<unknown> {
    const { signal } = own.stop;
    switch (ask.do) {
      case "inventory":
        return hypervisor.inventory(signal);
      case "samples":
        return hypervisor.samples(signal);
      case "observe":
        return hypervisor.observe(ask.action, signal);
      case "definition":
        return hypervisor.definition(ask.vm, ask.which);
      case "screenshot": {
        const { type, bytes } = await hypervisor.screenshot(ask.vm);
        return { type, bytes: Buffer.from(bytes).toString("base64") };
      }
      case "run": {
        const { n } = ask;
        return hypervisor.run(ask.action, { signal, progress: (progress, message) => progress < 1 && writeLine(socket, { n, progress, message }) });
      }
      case "changes":
        for await (const change of hypervisor.changes(signal)) {
          if (signal.aborted) break;
          writeLine(socket, { n: ask.n, change });
          own.underWay++;
          while (own.underWay >= changesUnderWay && !signal.aborted)
            await new Promise<void>((resolve) => {
              own.room = resolve;
              signal.addEventListener("abort", () => resolve(), { once: true });
            });
        }
        return undefined;
      default:
        throw new Error("this is not asked of simulated hosts");
    }
  }
}
