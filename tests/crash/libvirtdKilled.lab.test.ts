import { AsyncLocalStorage } from "node:async_hooks";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { composedRequests, requestSchema, simpleVmVerbs } from "@polyvisor/api";
import type { Task } from "@polyvisor/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLabPlane, type LabPlane } from "../../apps/server/src/lab/labPlane.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { PrivateLibvirtd } from "../lab/privateLibvirtd.ts";
import { domainXml, libvirtCases, type LibvirtCase, type LibvirtPlace } from "./libvirtCases.ts";

const run = promisify(execFile);
/** Four steps are under way on a host at once, and each task that is held holds one. */
const each = 3;
const daemons: PrivateLibvirtd[] = [];
let lab: LabPlane;

/** A task of which the daemon dies at its n-th boundary; at none where that is 0. */
interface Run {
  what: string;
  its: LibvirtCase;
  at: number;
  daemon: PrivateLibvirtd;
  place: LibvirtPlace;
  passed: string[];
  /** Resolves where it is held, or is over. */
  there: PromiseWithResolvers<void>;
  goOn: PromiseWithResolvers<void>;
}
const running = new AsyncLocalStorage<Run>();

beforeAll(async () => {
  daemons.push(...(await Promise.all(Array.from({ length: 4 }, () => PrivateLibvirtd.start()))));
  lab = await openLabPlane(undefined, {
    onBoundary: async (point) => {
      const task = running.getStore();
      if (!task || task.passed.push(point) !== task.at) return;
      task.there.resolve();
      await task.goOn.promise;
    },
  });
  await Promise.all(
    daemons.map(async (daemon, i) => {
      await virsh(daemon, `pool-define-as store dir --target ${folderOf(daemon)}/store`, "pool-build store", "pool-start store");
      await lab.plane.hosts.add({ uri: uriOf(daemon), name: `host-${i}` }, "lab");
    }),
  );
}, 120_000);
afterAll(async () => {
  await lab.close();
  for (const daemon of daemons) {
    for (const name of (await virsh(daemon, "list --name").catch(() => "")).split("\n").filter((line) => line.trim() !== ""))
      await virsh(daemon, `destroy ${name.trim()}`).catch(() => undefined);
    await daemon[Symbol.asyncDispose]();
  }
}, 60_000);

const folderOf = (daemon: PrivateLibvirtd): string => path.join(daemon.folder, "data");
const uriOf = (daemon: PrivateLibvirtd): string => `qemu+unix:///session?socket=${encodeURIComponent(daemon.socket)}`;
const virsh = async (daemon: PrivateLibvirtd, ...commands: string[]): Promise<string> =>
  (await run("virsh", ["-q", "-c", uriOf(daemon), commands.join("; ")], { timeout: 60_000 })).stdout.trimEnd();

let made = 0;
function makeRun(what: string, at: number, i: number): Run {
  const daemon = daemons[i % daemons.length]!;
  const place = { host: `host-${i % daemons.length}`, folder: folderOf(daemon), name: `x${++made}x` };
  return { what, its: libvirtCases[what]!, at, daemon, place, passed: [], there: Promise.withResolvers(), goOn: Promise.withResolvers() };
}

/** Brings the world to where the task begins, and waits until the estate knows. */
async function prepare({ its, daemon, place, what }: Run): Promise<void> {
  const { name } = place;
  const commands = its.setup?.(place) ?? [];
  const first = commands.filter((command) => /^(vol|pool)-/.test(command));
  if (first.length > 0) await virsh(daemon, ...first);
  if (its.devices) {
    const file = path.join(lab.folder, `${name}.xml`);
    await writeFile(file, domainXml(name, its.devices(place)));
    await virsh(daemon, `define ${file}`, ...commands.filter((command) => !first.includes(command)));
  }
  const { estate } = lab.plane;
  const text = JSON.stringify(its.request(place));
  const wanted = (await virsh(daemon, its.devices ? `domstate ${name}` : "version")).split("\n")[0]!.trim();
  await until(
    `${what}: what it begins with`,
    () => {
      if (its.devices) {
        const [vm] = estate.tables.vm.indexes.name.get(name);
        const found = vm === undefined ? undefined : estate.get("vm", vm);
        if (!found || (wanted === "running") !== (found.state === "running") || (wanted === "paused") !== (found.state === "paused")) return false;
        if (text.includes('"snapshot"') && found.snapshots.length === 0) return false;
      }
      const store = [...estate.tables.datastore.byId.values()].find(
        (each) => each.name === (text.includes(`/${name}"`) ? name : "store") && estate.get("host", each.hostId)?.name === place.host,
      );
      if (text.includes('"datastore"') && !store) return false;
      if (what === "datastore.start" || what === "datastore.delete") return store?.active === false;
      return !first.some((command) => command.startsWith("vol-")) || store?.volumes.some((each) => each.name === `${name}-d.qcow2`);
    },
    20_000,
  );
}

const order = (task: Run): Promise<Task> =>
  running.run(task, async () => {
    try {
      return await lab.run(requestSchema.parse(task.its.request(task.place)));
    } finally {
      task.there.resolve(); // over, or refused
    }
  });

async function check(task: Run, ended: Task): Promise<string[]> {
  const { what, at, its, daemon, place, passed } = task;
  const where = `${what}, ${at === 0 ? "undisturbed" : `killed at "${passed[at - 1] ?? "?"}" (${at})`}`;
  if (its.blind && ended.failure?.code === "interrupted") return [];
  if (at > 0 && its.or !== undefined && ended.failure?.code === its.or) return [];
  if (ended.state !== "succeeded") return [`${where}: ${ended.state}: ${JSON.stringify(ended.failure)}`];
  const [command, once] = its.proof(place);
  const answer = await virsh(daemon, command);
  const found = answer.match(once)?.length ?? 0;
  return found === 1 ? [] : [`${where}: ${command} has ${String(once)} ${found} times:\n${answer.slice(0, 500)}`];
}

/** Carries out a batch, of which each daemon dies once. */
async function batch(tasks: readonly Run[]): Promise<string[]> {
  await until("the hosts", () => lab.plane.metrics().hosts.connected === daemons.length, 60_000);
  await Promise.all(
    daemons.map(async (daemon) => {
      for (const task of tasks) if (task.daemon === daemon) await prepare(task); // a pool does one thing at a time
    }),
  );
  const ends = tasks.map(order);
  for (const end of ends) end.catch(() => undefined);
  const there = new Set<Run>();
  for (const task of tasks) void task.there.promise.then(() => there.add(task));
  await until("every task where its daemon dies", () => there.size === tasks.length, 60_000).catch((error: unknown) => {
    throw new Error(
      `not there: ${tasks
        .filter((task) => !there.has(task))
        .map((task) => `${task.what} (${task.at}), passed ${task.passed.join(", ")}`)
        .join("; ")}`,
      { cause: error },
    );
  });
  if (tasks.some(({ at }) => at > 0)) await Promise.all(daemons.map((daemon) => daemon.signal("SIGKILL").then(() => daemon.run())));
  for (const { goOn } of tasks) goOn.resolve();
  const wrong = await Promise.all(
    tasks.map(async (task, i) => {
      try {
        let end: Task | undefined;
        void ends[i]!.then((over) => (end = over));
        await until("its end", () => end !== undefined, 60_000);
        return await check(task, end!);
      } catch (error) {
        return [`${task.what} (${task.at}): ${String(error)}`];
      }
    }),
  );
  // What runs would take the machine from those that follow.
  await Promise.all(
    daemons.map((daemon) =>
      virsh(daemon, "version", ...tasks.flatMap((task) => (task.daemon === daemon && task.what.startsWith("vm") ? [`destroy ${task.place.name}`] : []))).catch(
        () => undefined,
      ),
    ),
  );
  return wrong.flat();
}

async function batches(tasks: readonly Run[]): Promise<string[]> {
  const wrong: string[] = [];
  const size = daemons.length * each;
  for (let from = 0; from < tasks.length; from += size) wrong.push(...(await batch(tasks.slice(from, from + size))));
  return wrong;
}

test("every kind of request that an unprivileged libvirtd can do has a case", () => {
  const cannot = ["vm.shutdown", "vm.wake", "vm.migrate", "network.start", "network.stop", "template.build"];
  const all = [
    ...simpleVmVerbs,
    ...composedRequests.flatMap(({ shape }) => {
      const { values, options } = shape.do as { values?: Set<string>; options?: string[] };
      return [...(values ?? options ?? [])];
    }),
  ];
  expect([...new Set(all)].filter((verb) => !cannot.includes(verb)).sort()).toEqual(Object.keys(libvirtCases).sort());
});

test("kill -9 of libvirtd at every boundary of every kind of task: each thing is there once", { timeout: 400_000 }, async () => {
  const kinds = Object.keys(libvirtCases);
  const undisturbed = kinds.map((what, i) => makeRun(what, 0, i));
  expect(await batches(undisturbed)).toEqual([]);
  // Before the first step is ready no host has heard of the task.
  const points = undisturbed.flatMap(({ what, passed }) => passed.flatMap((point, i) => (point.startsWith("task ") ? [] : [{ what, at: i + 1 }])));
  const tasks = points.map(({ what, at }, i) => makeRun(what, at, i));
  expect(await batches(tasks)).toEqual([]);
  process.stdout.write(`kill -9 of libvirtd: ${tasks.length} crash points of ${kinds.length} kinds of task\n`);
  expect(tasks.length).toBeGreaterThan(90);
});
