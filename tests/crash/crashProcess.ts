import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { serveHosts, type HostsRecord } from "../../apps/server/src/lab/remoteHypervisor.ts";
import type { CrashAsk, CrashServerOptions, CrashTold } from "./crashServer.ts";

type Without<T> = T extends unknown ? Omit<T, "n"> : never;

/** A server that is killed, seen from the test; its hosts live here. */
export interface CrashProcess {
  readonly pid: number;
  /** Rejects when it dies before it answers. */
  ask<T>(question: Without<CrashAsk>): Promise<T>;
  /** `kill -9`. Resolves when it is gone. */
  kill(): Promise<void>;
}

export async function startCrashProcess(options: CrashServerOptions, record: HostsRecord, told: (what: CrashTold) => void): Promise<CrashProcess> {
  const child = fork(fileURLToPath(new URL("crashServer.ts", import.meta.url)), [JSON.stringify(options)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  serveHosts(child, record);
  const exit = once(child, "exit") as Promise<[number | null, string | null]>;
  const died = exit.then(([code, signal]) => Promise.reject(new Error(`the server died: ${signal ?? code}`)));
  died.catch(() => undefined);
  const waiting = new Map<number, (answer: { value?: unknown; error?: string }) => void>();
  const ready = Promise.withResolvers<void>();
  child.on("message", (message: Partial<CrashTold> & { ready?: boolean; n?: number; value?: unknown; error?: string }) => {
    if (message.ready) ready.resolve();
    else if (message.boundary !== undefined) told(message as CrashTold);
    else if (message.n !== undefined) {
      waiting.get(message.n)?.(message);
      waiting.delete(message.n);
    }
  });
  await Promise.race([ready.promise, died]);
  let last = 0;
  return {
    pid: child.pid!,
    async ask<T>(question: Without<CrashAsk>): Promise<T> {
      const n = ++last;
      const answer = new Promise<{ value?: unknown; error?: string }>((resolve) => waiting.set(n, resolve));
      child.send({ n, ...question });
      const { value, error } = await Promise.race([answer, died]);
      if (error !== undefined) throw new Error(error);
      return value as T;
    },
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
  };
}
