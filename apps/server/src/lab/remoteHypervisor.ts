import type { ChildProcess } from "node:child_process";
import { connectHypervisor, type Hypervisor, type RunResult } from "@polyvisor/hypervisors";
import { PolyvisorError, type Action, type Change, type ErrorCode } from "@polyvisor/model";

/**
 * Hosts that outlive a server which is killed: they live in the test's process, and the server in a child reaches
 * them over its IPC channel. What a killed server had begun goes on there, as it does on a real host.
 */
type ToHosts = {
  hosts: number;
  do: "connect" | "inventory" | "observe" | "run" | "write" | "samples" | "changes";
  connection?: number;
  uri?: string;
  action?: Action;
  place?: [datastore: string, volume: string];
  bytes?: Uint8Array;
};
type ToServer = { answer: number; value?: unknown; change?: Change; failure?: { code: string; detail: string; remedy: string } };

/** What the hosts did: each action that really changed something, in order. */
export interface HostsRecord {
  done: Action[];
  /** Actions that are being carried out. */
  active: number;
  /** Stands around each action on its way to a host. */
  around?(uri: string, action: Action, carryOut: () => Promise<RunResult>): Promise<RunResult>;
}

/** The test's side. */
export function serveHosts(child: ChildProcess, record: HostsRecord): void {
  const connections = new Map<number, Hypervisor>();
  const uris = new Map<number, string>();
  child.on("message", (message: ToHosts) => {
    if (typeof message !== "object" || !("hosts" in message)) return;
    const send = (answer: Omit<ToServer, "answer">): void => void (child.connected && child.send({ answer: message.hosts, ...answer }, () => undefined));
    void work(message, send).then(
      (value) => send({ value }),
      (error: unknown) =>
        send({
          failure:
            error instanceof PolyvisorError
              ? { code: error.code, detail: error.detail, remedy: error.remedy }
              : { code: "internal", detail: String(error), remedy: "" },
        }),
    );
  });
  child.on("exit", () => {
    // as when a machine dies: connections end some time after, what was begun is finished first
    const end = setInterval(() => {
      if (record.active > 0) return;
      clearInterval(end);
      for (const connection of connections.values()) void connection.close();
    }, 5);
  });

  async function work(message: ToHosts, send: (answer: Omit<ToServer, "answer">) => void): Promise<unknown> {
    if (message.do === "connect") {
      const made = await connectHypervisor(message.uri!, { signal: new AbortController().signal, openTimeoutMs: 5_000, callTimeoutMs: 20_000 });
      connections.set(message.hosts, made);
      uris.set(message.hosts, message.uri!);
      return made.features;
    }
    const host = connections.get(message.connection!)!;
    if (message.do === "inventory") return host.inventory();
    if (message.do === "samples") return host.samples();
    if (message.do === "observe") return host.observe(message.action!);
    if (message.do === "write")
      return host.writeVolume(
        ...message.place!,
        (async function* () {
          yield message.bytes!;
        })(),
        message.bytes!.length,
      );
    if (message.do === "changes") {
      for await (const change of host.changes(new AbortController().signal)) send({ change });
      return undefined;
    }
    const carryOut = async (): Promise<RunResult> => {
      record.active++;
      try {
        const result = await host.run(message.action!, { signal: new AbortController().signal, progress: () => undefined });
        if (!result.already) record.done.push(message.action!);
        return result;
      } finally {
        record.active--;
      }
    };
    return record.around ? record.around(uris.get(message.connection!)!, message.action!, carryOut) : carryOut();
  }
}

/** The server's side. `sent` is told when an action is on its way. */
export function remoteConnect(sent: (action: Action) => void): typeof connectHypervisor {
  let last = 0;
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void; change?: (change: Change) => void }>();
  process.on("message", (message: ToServer) => {
    if (typeof message !== "object" || !("answer" in message)) return;
    const entry = waiting.get(message.answer);
    if (!entry) return;
    if (message.change) return entry.change?.(message.change);
    waiting.delete(message.answer);
    if (message.failure) entry.reject(new PolyvisorError(message.failure.code as ErrorCode, message.failure));
    else entry.resolve(message.value);
  });
  const ask = <T>(message: Omit<ToHosts, "hosts">, change?: (change: Change) => void): { n: number; answer: Promise<T> } => {
    const n = ++last;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    waiting.set(n, { resolve, reject, ...(change ? { change } : {}) });
    process.send!({ hosts: n, ...message });
    return { n, answer: promise as Promise<T> };
  };
  return async (uri) => {
    const { n: connection, answer } = ask<Hypervisor["features"]>({ do: "connect", uri });
    const features = await answer;
    const closed = Promise.withResolvers<Error | undefined>();
    const no = (): never => {
      throw new PolyvisorError("notSupported", { detail: "not over this connection" });
    };
    return {
      features,
      closed: closed.promise,
      inventory: () => ask<Awaited<ReturnType<Hypervisor["inventory"]>>>({ do: "inventory", connection }).answer,
      samples: () => ask<Awaited<ReturnType<Hypervisor["samples"]>>>({ do: "samples", connection }).answer,
      observe: (action) => ask<"done" | "notDone" | "unknown">({ do: "observe", connection, action }).answer,
      run(action) {
        const { answer: result } = ask<RunResult>({ do: "run", connection, action });
        sent(action);
        return result;
      },
      async *changes(signal) {
        const queue: Change[] = [];
        let news = Promise.withResolvers<void>();
        const wake = (): void => {
          news.resolve();
          news = Promise.withResolvers<void>();
        };
        signal.addEventListener("abort", wake);
        ask({ do: "changes", connection }, (change) => {
          queue.push(change);
          wake();
        }).answer.catch(() => undefined);
        while (!signal.aborted) {
          const next = queue.shift();
          if (next) yield next;
          else await news.promise;
        }
      },
      definition: no,
      console: no,
      screenshot: no,
      readVolume: no,
      async writeVolume(datastore, volume, bytes) {
        const parts: Uint8Array[] = [];
        for await (const part of bytes) parts.push(part);
        await ask({ do: "write", connection, place: [datastore, volume], bytes: Buffer.concat(parts) }).answer;
      },
      async close() {
        closed.resolve(undefined);
      },
    };
  };
}
