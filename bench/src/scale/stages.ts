import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event, Vm } from "@polyvisor/model";
import { Estate } from "../../../apps/server/src/estate/estate.ts";
import { EventLog } from "../../../apps/server/src/events/eventLog.ts";
import { Journal } from "../../../apps/server/src/events/journal.ts";
import { eventStreamHandler, standardTimes } from "../../../apps/server/src/http/eventStream.ts";
import { labLog } from "../../../apps/server/src/lab/labPlane.ts";
import { aHost, aVm } from "../../../apps/server/src/lab/sampleObjects.ts";
import { openStore } from "../../../apps/server/src/store/openStore.ts";
import { CpuWatch, familyOf } from "./processFigures.ts";
import type { FromReaders, ReadResult, ToReaders } from "./readersProcess.ts";

const vms = 10_000;
const readers = 100;

/** A VM as hosts tell of them, 1.2 kB of JSON. */
const fullVm = (n: number): Vm =>
  aVm(`vm-${String(n).padStart(20, "0")}`, `h-${n % 400}`, {
    state: "running",
    title: `Machine ${n} of the site`,
    os: "Debian GNU/Linux 12",
    description: `What machine ${n} is for, as someone wrote it down`,
    machine: "pc-q35-7.2",
    consoles: [
      { kind: "serial", alias: "serial0" },
      { kind: "vnc", alias: "vnc" },
    ],
    disks: Array.from({ length: 2 }, (_, i) => ({
      target: `vd${"ab"[i]}`,
      device: "disk",
      bus: "virtio",
      sourceKind: "file",
      source: `/srv/images/machine-${n}-${i}.qcow2`,
      format: "qcow2",
      readOnly: false,
      shareable: false,
      capacity: (n + 1) * 4096,
      allocation: (n + 1) * 2048,
    })),
    nics: Array.from({ length: 2 }, (_, i) => ({
      mac: `52:54:00:${[n >> 8, n & 255, i].map((part) => (part & 255).toString(16).padStart(2, "0")).join(":")}`,
      kind: "network",
      source: i === 0 ? "lan" : "storage",
      model: "virtio",
      hostInterface: `vnet${n * 2 + i}`,
      linkUp: true,
      addresses: [`10.${n >> 8}.${n & 255}.${i + 1}`],
    })),
  });

const flipped = (vm: Vm): Vm => ({
  ...vm,
  state: vm.state === "running" ? "paused" : "running",
  revision: vm.revision + 1,
  stateSince: new Date().toISOString(),
});

export interface JournalAlone {
  perSecond: number;
  server: number;
  database: number;
}

/** How many changes of VMs the journal and PostgreSQL take in a second, when nobody listens and no host tells. */
export async function journalAlone(seconds: number): Promise<JournalAlone> {
  const folder = await mkdtemp(join(tmpdir(), "pv-stage-"));
  await chmod(folder, 0o711); // as root, PostgreSQL runs as another account and must get through
  await mkdir(join(folder, "data"), { mode: 0o711 });
  const store = await openStore({ kind: "private", dataFolder: join(folder, "data") }, labLog);
  try {
    const estate = new Estate();
    const journal = new Journal({ pool: store.pool, estate, log: labLog, serverId: "stage", now: Date.now, last: 0, publish: () => undefined });
    await journal.write((draft) => {
      for (let n = 0; n < 400; n++) draft.put(aHost(`h-${n}`), { type: "created" });
    });
    for (let n = 0; n < vms; n += 500)
      await journal.write((draft) => {
        for (let i = n; i < n + 500; i++) draft.put(fullVm(i), { type: "created" });
      });
    const ids = [...estate.tables.vm.byId.keys()];
    const database = familyOf(Number((await readFile(join(folder, "data", "postgres", "postmaster.pid"), "utf8")).split("\n")[0]));
    const watches = [[process.pid], database].map((pids) => new CpuWatch(() => pids));
    const began = performance.now();
    let done = 0;
    for (let next = 0; performance.now() - began < seconds * 1000; next++) {
      await journal.room();
      const id = ids[next % ids.length]!;
      void journal
        .write((draft) => draft.put(flipped(draft.get("vm", id)!), { type: "changed", fields: ["state", "reason"] }), { origin: "host" })
        .then(() => done++);
      if (next % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const perSecond = done / ((performance.now() - began) / 1000);
    const [server, ofDatabase] = watches.map((watch) => watch.share()) as [number, number];
    await journal.close();
    return { perSecond, server, database: ofDatabase };
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

export interface FanOutAlone extends ReadResult {
  told: number;
  perSecond: number;
  server: number;
  ofReaders: number;
}

/** How the event log and the stream's handler pass events on that are committed already: `perSecond` of them in portions of a hundredth of a second. */
export async function fanOutAlone(perSecond: number, gzip: boolean, seconds: number): Promise<FanOutAlone> {
  const events = new EventLog(undefined as never, 0, 1, Date.now);
  const viewer = { seesAll: true, everywhere: () => true, fingerprint: () => "", estate: undefined, caller: { account: "bench" } };
  const stopping = new AbortController();
  const { eventStream } = eventStreamHandler(
    {
      control: { events },
      access: { secrets: undefined, onChange: () => () => undefined, viewer: () => viewer },
      identity: { caller: async () => viewer.caller },
      log: labLog,
      stopping: stopping.signal,
    } as never,
    { ...standardTimes, heartbeatMs: 3_600_000 },
  );
  const server = createServer((request, response) => {
    const reply = { raw: response, hijack: () => undefined, getHeaders: () => ({}) };
    void eventStream({ query: { kinds: "vm" }, request: { headers: request.headers, caller: viewer.caller }, reply, viewer } as never);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const child = fork(new URL("readersProcess.ts", import.meta.url).pathname);
  const ask = async (message?: ToReaders): Promise<FromReaders> => {
    if (message) child.send(message);
    return ((await once(child, "message")) as [FromReaders])[0];
  };
  try {
    await ask();
    await ask({ open: { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, token: "none", readers, gzip } });
    const estate = Array.from({ length: vms }, (_, n) => fullVm(n));
    const watches = [[process.pid], [child.pid!]].map((pids) => new CpuWatch(() => pids));
    const began = performance.now();
    const first = Date.now();
    let told = 0;
    while (performance.now() - began < seconds * 1000) {
      const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
      const run: Event[] = [];
      for (; told < due && run.length < 1_000; told++) {
        const vm = (estate[told % vms] = flipped(estate[told % vms]!));
        run.push({ id: String(told + 1), at: vm.stateSince, type: "changed", kind: "vm", objectId: vm.id, fields: ["state"], origin: "host", object: vm });
      }
      if (run.length > 0) events.publish(run);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const result = (await ask({ stop: true })) as ReadResult;
    const [own, ofReaders] = watches.map((watch) => watch.share()) as [number, number];
    return { ...result, told, perSecond: result.events / ((result.lastAt - first) / 1000), server: own, ofReaders };
  } finally {
    stopping.abort();
    events.close();
    child.kill();
    server.closeAllConnections();
    server.close();
  }
}
