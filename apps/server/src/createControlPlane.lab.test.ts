import { createHook } from "node:async_hooks";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { simWorld } from "@polyvisor/hypervisors";
import { createControlPlane } from "./createControlPlane.ts";
import { labLog, openLabPlane } from "./lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "./lab/sitePostgres.ts";
import { until } from "./lab/until.ts";
import { openStore, type Store } from "./store/openStore.ts";

let site: SitePostgres;
let databaseUrl: string;
beforeAll(async () => {
  site = await startSitePostgres();
  databaseUrl = await site.database();
  // Hosts with VMs, and a task that is open: there is something to go on with.
  const lab = await openLabPlane(databaseUrl, { serverId: "halfway" });
  await lab.plane.hosts.add({ uri: "sim://halfway/host-0001?vms=5&seed=2", name: "h" }, "lab");
  await until("the VMs", () => lab.plane.estate.tables.vm.byId.size === 5);
  await lab.close();
});
afterAll(async () => {
  await site.close();
  simWorld("halfway").reset();
});

/** Timers, sockets and pipes that are open, with where they were made. */
const open = new Map<number, string>();
const kinds = new Set(["Timeout", "TCPWRAP", "PIPEWRAP", "FSEVENTWRAP", "PROCESSWRAP", "WORKER", "MESSAGEPORT"]);
const hook = createHook({
  init(id, type) {
    if (!kinds.has(type)) return;
    const made = new Error("made here").stack ?? "";
    // Ours, or of the database's driver; not what the test waits by, nor a deadline that holds nothing and cannot be taken back.
    if (/apps\/server\/src|node_modules\/pg/.test(made) && !/lab\/until|AbortSignal\.timeout/.test(made))
      open.set(id, `${type}\n${made.split("\n").slice(2, 12).join("\n")}`);
  },
  destroy: (id) => void open.delete(id),
});

/** The same store, of which the n-th thing that is asked for fails. */
function breaking(store: Store, at: number): { store: Store; asked(): number } {
  let asked = 0;
  const ask = (): void => {
    if (++asked === at) throw new Error(`broken at ${at}`);
  };
  class Client extends (store.pool.options as unknown as { Client: typeof pg.Client }).Client {
    override query(...args: unknown[]): never {
      try {
        ask();
      } catch (error) {
        const done = args.at(-1);
        if (typeof done === "function") return process.nextTick(done, error) as never;
        return Promise.reject(error as Error) as never;
      }
      return (super.query as (...all: unknown[]) => never)(...args);
    }
  }
  const counted =
    <T extends unknown[], R>(work: (...args: T) => Promise<R>) =>
    async (...args: T): Promise<R> => {
      ask();
      return work(...args);
    };
  const pool = new Proxy(store.pool, {
    get(target, name) {
      if (name === "options") return { ...target.options, Client }; // for pools of their own
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      const bound = (value as (...args: unknown[]) => Promise<unknown>).bind(target);
      return name === "query" || name === "connect" ? counted(bound) : bound;
    },
  });
  return { store: { ...store, pool, listen: counted(store.listen) }, asked: () => asked };
}

test("a control plane that fails half-way leaves nothing open, wherever it fails", { timeout: 120_000 }, async () => {
  let failed = 0;
  const left: string[] = [];
  hook.enable();
  try {
    for (let at = 1; ; at++) {
      Error.stackTraceLimit = 40;
      open.clear();
      const store = await openStore({ kind: "url", url: databaseUrl }, labLog);
      const broken = breaking(store, at);
      const plane = await createControlPlane({
        store: broken.store,
        dataFolder: "/nonexistent",
        log: labLog,
        serverId: "halfway",
        secrets: { seal: (text) => Buffer.from(text), open: (sealed) => sealed.toString() },
        intervals: { stopGrace: 200 },
      }).catch(() => undefined);
      const asked = broken.asked();
      if (plane) await plane.close();
      else failed++;
      await store.close();
      await until("everything is closed", () => open.size === 0, 1_500).catch(() => left.push(`broken at ${at}:`, ...open.values()));
      if (asked < at) break; // all that is asked for was tried
      expect(at).toBeLessThan(500);
    }
  } finally {
    hook.disable();
  }
  expect(left).toEqual([]);
  expect(failed).toBeGreaterThan(10);
  process.stdout.write(`a control plane broken half-way: ${failed} places\n`);
});
