import { Estate } from "../../apps/server/src/estate/estate.ts";
import { filterOf } from "../../apps/server/src/estate/filterOf.ts";
import { aDatastore, aHost, aNetwork, aVm } from "../../apps/server/src/lab/sampleObjects.ts";
import { quantile } from "./measure.ts";

const GiB = 1024 ** 3;
const now = Date.parse("2026-11-21T12:00:00Z");
const two = (n: number): string => (n & 255).toString(16).padStart(2, "0");

/** VM number `i` of an estate whose VMs differ as those of a site do; every string is its own, as after reading the store. */
function vmNumber(i: number, hosts: number): ReturnType<typeof aVm> {
  const role = ["web", "db", "cache", "build", "mail", "node", "node", "node"][i % 8]!;
  const name = `${role}-${String(i).padStart(6, "0")}`;
  return aVm(`vm-${i.toString(36).padStart(12, "0")}`, `h-${i % hosts}`, {
    nativeId: `${two(i >> 16)}${two(i >> 8)}${two(i)}00-0000-4000-8000-${i.toString(16).padStart(12, "0")}`,
    name,
    state: i % 10 === 0 ? "off" : i % 97 === 0 ? "paused" : "running",
    stateSince: new Date(now - i * 6_000).toISOString(),
    os: ["debian12", "ubuntu22.04", "rhel9", "win2k22"][i % 4]!,
    tags: [...(i % 50 === 0 ? ["critical"] : []), `tenant-${i % 200}`, role],
    memory: { current: ((i % 16) + 1) * GiB, max: 16 * GiB },
    vcpus: { current: (i % 4) + 1, max: 8 },
    disks: [
      {
        target: "vda",
        device: "disk",
        bus: "virtio",
        format: "qcow2",
        source: `/srv/images/${name}.qcow2`,
        sourceKind: "file",
        readOnly: false,
        shareable: false,
        capacity: 20 * GiB,
        allocation: (i % 5000) * 1024 ** 2,
      },
    ],
    nics: [
      {
        mac: `52:54:00:${two(i >> 16)}:${two(i >> 8)}:${two(i)}`,
        model: "virtio",
        kind: "network",
        source: "default",
        linkUp: true,
        addresses: [`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`],
      },
    ],
  });
}

/** What people ask for. */
const filters = [
  "",
  "state = running",
  "state != running and tag in (web, db)",
  'host.pool = "a" and state != running and tag in (web, db) and cpu.use > 80%',
  "tag = tenant-7 and memory >= 8GiB",
  "name ~ 0042",
  "name = web-*",
  "host = host-17",
  "since > 1h ago and os = debian12",
  "(datastore.type = dir or network.forward = route) and nic.address = 10.0.1.*",
  "web-000016",
  "disk.source ~ /web-0001",
] as const;

interface FilterRow {
  filter: string;
  total: number;
  /** Of a page of 100. */
  ms: number[];
  /** Milliseconds of processor time of the same, which other work on the machine does not change much. */
  cpu: number[];
  examined: number;
}

/** Filter and page in an estate in memory, and what the estate and its indexes cost a VM. Run it with --expose-gc for the memory. */
export function filtering(options: { vms: number; vmsPerHost: number; rounds: number }): {
  rows: FilterRow[];
  bytes: { objects: number; indexes: number } | undefined;
  fillMs: number;
} {
  const hosts = Math.ceil(options.vms / options.vmsPerHost);
  const used = (): number => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const empty = used();
  const objects = Array.from({ length: options.vms }, (_, i) => vmNumber(i, hosts));
  const held = used();
  const estate = new Estate({ now: () => now });
  for (let h = 0; h < hosts; h++) {
    estate.put(aHost(`h-${h}`, { name: `host-${h}`, tags: [`pool:${"abcdefghij"[h % 10]}`] }));
    estate.put(aDatastore(`ds-${h}`, `h-${h}`, { name: "images", path: "/srv/images" }));
    estate.put(aNetwork(`net-${h}`, `h-${h}`, { name: "default" }));
  }
  const withHosts = used();
  const begin = performance.now();
  for (const vm of objects) estate.put(vm);
  const fillMs = performance.now() - begin;
  for (const [i, vm] of objects.entries()) estate.setLoad("vm", vm.id, { at: now, seconds: 20, cpu: (i % 100) / 25, memoryUsed: GiB });
  for (const sort of ["name", "-memory"]) estate.page("vm", { sort, limit: 1 });
  const indexes = used() - withHosts;
  const rows = filters.map((filter): FilterRow => {
    const ms: number[] = [];
    const cpu: number[] = [];
    let total = 0;
    let examined = 0;
    for (let round = 0; round < options.rounds; round++) {
      const sort = ["name", "-memory", "stateSince"][round % 3]!;
      estate.figures.examined = 0;
      const before = process.threadCpuUsage();
      const start = performance.now();
      total = estate.page("vm", { filter: filterOf(filter, "vm", "bench", now), sort, limit: 100 }).total;
      ms.push(performance.now() - start);
      const { user, system } = process.threadCpuUsage(before);
      cpu.push((user + system) / 1000);
      examined = Math.max(examined, estate.figures.examined);
    }
    return { filter, total, ms, cpu, examined };
  });
  const bytes = globalThis.gc === undefined ? undefined : { objects: (held - empty) / options.vms, indexes: indexes / options.vms };
  return { rows, bytes, fillMs };
}

/** The rows as a Markdown table. */
export function filteringTable({ rows, bytes, fillMs }: ReturnType<typeof filtering>, vms: number): string {
  const lines = [
    `### Filter and page of 100, ${vms.toLocaleString("en")} VMs`,
    "",
    "| filter | fits | p50 ms | p99 ms | CPU mean | CPU p99 | objects read |",
    "|---|---:|---:|---:|---:|---:|---:|",
  ];
  for (const { filter, total, ms, cpu, examined } of rows)
    lines.push(
      `| \`${filter || "(none)"}\` | ${total} | ${quantile(ms, 0.5).toFixed(2)} | ${quantile(ms, 0.99).toFixed(2)} | ${(cpu.reduce((sum, each) => sum + each, 0) / cpu.length).toFixed(2)} | ${quantile(cpu, 0.99).toFixed(2)} | ${examined} |`,
    );
  lines.push(
    "",
    `Filling the estate: ${((fillMs / vms) * 1000).toFixed(1)} µs a VM.${bytes ? ` Memory a VM: ${Math.round(bytes.objects)} bytes the object, ${Math.round(bytes.indexes)} bytes all indexes, orders and loads.` : ""}`,
  );
  return lines.join("\n");
}

if (import.meta.main) {
  const vms = Number(process.argv[2] ?? 25_000);
  process.stdout.write(`${filteringTable(filtering({ vms, vmsPerHost: 25, rounds: 300 }), vms)}\n`);
}
