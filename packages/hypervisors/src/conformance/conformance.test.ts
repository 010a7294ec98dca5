import type { Change } from "@polyvisor/model";
import { afterAll, describe, expect, it } from "vitest";
import type { Hypervisor } from "../hypervisor.ts";
import { simKind } from "../sim/simKind.ts";
import { simWorld } from "../sim/simWorld.ts";
import { changesTheme } from "./changesTheme.ts";
import { consoleTheme } from "./consoleTheme.ts";
import { endingTheme } from "./endingTheme.ts";
import { hardwareTheme } from "./hardwareTheme.ts";
import { inventoryTheme } from "./inventoryTheme.ts";
import { makingTheme } from "./makingTheme.ts";
import { refusalTheme } from "./refusalTheme.ts";
import { samplesTheme } from "./samplesTheme.ts";
import { stateTheme } from "./stateTheme.ts";
import type { Check } from "./suite.ts";
import type { ConformanceTarget } from "./target.ts";
import { volumeTheme } from "./volumeTheme.ts";
import { Workshop } from "./workshop.ts";

const MiB = 1024 ** 2;
const estate = "broken";
const connect = (): Promise<Hypervisor> =>
  simKind.connect(new URL(`sim://${estate}/host-0001?vms=2&without=vm.rename`), {
    signal: new AbortController().signal,
    openTimeoutMs: 500,
    callTimeoutMs: 500,
  });
afterAll(() => simWorld(estate).reset());

type Broken = (good: Hypervisor) => Partial<Hypervisor>;

/** An adapter that breaks one promise: the rest is the simulator's. */
function breaking(broken: Broken): ConformanceTarget {
  return {
    connect: async () => {
      const good = await connect();
      const parts = broken(good);
      return {
        hypervisor: new Proxy(good, {
          get: (_, name) => {
            const of = Object.hasOwn(parts, name) ? parts : good;
            const value = Reflect.get(of, name, of) as unknown;
            return typeof value === "function" ? value.bind(of) : value;
          },
        }),
      };
    },
    spec: (name) => ({ name, memory: 64 * MiB, disks: [{ size: MiB }], nics: [{}] }),
    datastore: "local",
    network: "default",
    console: { send: "echo hello\r", expect: "\r\nhello" },
    patienceMs: 120,
  };
}

/** Runs a theme against a target and gives the tests that failed. */
async function failures(theme: (check: Check) => void, target: ConformanceTarget): Promise<string[]> {
  const tests: Parameters<Check>[] = [];
  theme((...test) => void tests.push(test));
  const failed: string[] = [];
  for (const [name, needs, body] of tests) {
    const { hypervisor } = await target.connect();
    const possible =
      (needs.features ?? []).every((feature) => hypervisor.features[feature].supported) &&
      (needs.target ?? []).every((part) => target[part] !== undefined) &&
      needs.unless?.(target) === undefined;
    const workshop = new Workshop(target, hypervisor);
    const cleaner = new Workshop(target, await connect());
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error("it hangs")), 1500)));
    try {
      if (possible) await Promise.race([body(workshop), late]);
    } catch {
      failed.push(name);
    } finally {
      clearTimeout(timer);
      await workshop.handOver(cleaner);
      await cleaner.clear().catch(() => {});
      await hypervisor.close();
      await cleaner.hypervisor.close();
    }
  }
  return failed;
}

async function* changed(changes: AsyncIterable<Change>, edit: (change: Change) => Change | undefined): AsyncGenerator<Change> {
  for await (const change of changes) {
    const edited = edit(change);
    if (edited) yield edited;
  }
}

/** Each broken promise, the theme that must notice, and a word of the test that does. */
const mutants: [string, (check: Check) => void, RegExp, Broken][] = [
  [
    "says no reason for a missing feature",
    inventoryTheme,
    /why not/,
    (good) => ({ features: { ...good.features, "vm.rename": { supported: false, reason: "" } } }),
  ],
  ["has fields of its own in its facts", inventoryTheme, /shape/, (good) => ({ inventory: async () => ({ ...(await good.inventory()), extra: 1 }) as never })],
  [
    "has a state of its own",
    inventoryTheme,
    /shape/,
    (good) => ({
      inventory: async () => ({ ...(await good.inventory()), vms: (await good.inventory()).vms.map((vm) => ({ ...vm, state: "idle" as never })) }),
    }),
  ],
  [
    "gives two VMs one name",
    inventoryTheme,
    /name of its own/,
    (good) => ({ inventory: async () => ({ ...(await good.inventory()), vms: (await good.inventory()).vms.map((vm) => ({ ...vm, name: "same" })) }) }),
  ],
  [
    "does not begin with an inventory",
    changesTheme,
    /begins/,
    (good) => ({
      changes: (signal) => changed(good.changes(signal), (change) => (change.type === "inventory" ? { type: "host", facts: change.inventory.host } : change)),
    }),
  ],
  [
    "forgets to tell that a VM is gone",
    changesTheme,
    /another connection/,
    (good) => ({ changes: (signal) => changed(good.changes(signal), (change) => (change.type === "remove" ? undefined : change)) }),
  ],
  [
    "tells less than an inventory has",
    changesTheme,
    /another connection/,
    (good) => ({
      changes: (signal) =>
        changed(good.changes(signal), (change) =>
          change.type === "upsert" && change.kind === "vm" ? { ...change, facts: { ...change.facts, nics: [] } } : change,
        ),
    }),
  ],
  ["goes on with changes that nobody wants", changesTheme, /no longer wanted/, (good) => ({ changes: () => good.changes(new AbortController().signal) })],
  [
    "loses the first of many changes",
    changesTheme,
    /slow consumer/,
    (good) => ({
      changes: (signal) =>
        changed(good.changes(signal), (change) =>
          change.type === "upsert" && change.kind === "vm" && change.facts.title === "told once" ? undefined : change,
        ),
    }),
  ],
  [
    "says that it did what it did not",
    stateTheme,
    /does vm\.pause/,
    (good) => ({ run: async (action, context) => (action.verb === "vm.pause" ? { message: "paused" } : good.run(action, context)) }),
  ],
  [
    "does not say that it was so already",
    stateTheme,
    /refuses in state "running"/,
    (good) => ({ run: async (action, context) => ({ ...(await good.run(action, context)), already: undefined }) }),
  ],
  [
    "refuses with a code of another kind",
    stateTheme,
    /refuses in state/,
    (good) => ({
      run: (action, context) =>
        good.run(action, context).catch((error: Error) => {
          throw Object.assign(Object.create(Object.getPrototypeOf(error) as object) as Error, error, { code: "internal" });
        }),
    }),
  ],
  [
    "changes the VM when it refuses",
    stateTheme,
    /changes nothing|forbids/,
    (good) => ({
      run: async (action, context) => {
        if (action.verb === "vm.unpause") await good.run({ verb: "vm.describe", vm: action.vm, title: "touched" }, context).catch(() => {});
        return good.run(action, context);
      },
    }),
  ],
  ["observes everything as done", stateTheme, /does vm/, () => ({ observe: async () => "done" })],
  ["observes everything as unknown", hardwareTheme, /attaches/, () => ({ observe: async () => "unknown" })],
  [
    "keeps no edit for the next start",
    hardwareTheme,
    /next start/,
    (good) => ({ run: (action, context) => good.run("apply" in action && action.apply === "nextStart" ? { ...action, apply: "both" } : action, context) }),
  ],
  [
    "takes any definition",
    makingTheme,
    /definition that is none/,
    (good) => ({ run: async (action, context) => (action.verb === "vm.define" ? { message: "defined" } : good.run(action, context)) }),
  ],
  [
    "creates a VM under another name",
    makingTheme,
    /asked for/,
    (good) => ({
      run: (action, context) =>
        good.run(action.verb === "vm.create" ? { ...action, spec: { ...action.spec, name: `${action.spec.name}-1` } } : action, context),
    }),
  ],
  [
    "does not say why it lacks a feature",
    refusalTheme,
    /reason that it declared/,
    (good) => ({ features: { ...good.features, "vm.rename": { supported: false, reason: "no such thing here" } } }),
  ],
  ["gives back other bytes", volumeTheme, /gives back/, (good) => ({ readVolume: async (...where) => changedBytes(await good.readVolume(...where)) })],
  [
    "reads ahead of what it can keep",
    volumeTheme,
    /no faster/,
    (good) => ({ writeVolume: async (datastore, volume, bytes, size, signal) => good.writeVolume(datastore, volume, hastily(bytes), size, signal) }),
  ],
  ["takes too little for enough", volumeTheme, /another length/, (good) => ({ writeVolume: (...all) => good.writeVolume(...all).catch(() => {}) })],
  [
    "measures what is off",
    samplesTheme,
    /only that/,
    (good) => ({
      samples: async () => ({ host: (await good.samples()).host, vms: (await good.inventory()).vms.map((vm) => ({ nativeId: vm.nativeId, at: 1 })) }),
    }),
  ],
  [
    "lets a counter fall",
    samplesTheme,
    /no counter fall/,
    (good) => {
      let left = 1e15;
      return { samples: async () => ({ ...(await good.samples()), vms: (await good.samples()).vms.map((vm) => ({ ...vm, cpuTimeNs: left-- })) }) };
    },
  ],
  [
    "opens a console of what is off",
    consoleTheme,
    /opens no console/,
    (good) => ({ screenshot: async () => ({ type: "image/png", bytes: new Uint8Array(8) }), console: (vm, request) => good.console(vm, request) }),
  ],
  ["calls a picture what is none", consoleTheme, /picture/, () => ({ screenshot: async () => ({ type: "image/png", bytes: new Uint8Array(500) }) })],
  ["never says that it is closed", endingTheme, /settles/, () => ({ closed: new Promise(() => {}) })],
  [
    "answers after it was closed",
    endingTheme,
    /settles/,
    (good) => {
      let last: Awaited<ReturnType<Hypervisor["inventory"]>> | undefined;
      return { inventory: async () => (last ??= await good.inventory()) };
    },
  ],
  [
    "does not listen to a cancel",
    endingTheme,
    /cancelled before/,
    (good) => ({ run: (action, context) => good.run(action, { ...context, signal: new AbortController().signal }) }),
  ],
];

async function* changedBytes(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) yield chunk.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
}

/** Asks for the next piece before the last one is kept. */
async function* hastily(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of bytes) if (all.push(chunk) === 64) break;
  yield* all;
}

describe("the suite", () => {
  it.each(mutants)("notices an adapter that %s", async (_, theme, by, broken) => {
    const failed = await failures(theme, breaking(broken));
    expect(
      failed.some((name) => by.test(name)),
      `failed: ${failed.join("; ") || "nothing"}`,
    ).toBe(true);
  });

  it.each([inventoryTheme, changesTheme, refusalTheme, samplesTheme, endingTheme, consoleTheme, volumeTheme].map((theme) => [theme.name, theme] as const))(
    "has nothing to say of a good one in %s",
    async (_, theme) => {
      expect(await failures(theme, { ...breaking(() => ({})), patienceMs: 3000 })).toEqual([]);
    },
  );
});
