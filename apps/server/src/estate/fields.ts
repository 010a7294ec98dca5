import type { EstateKind, EstateObject, ObjectOf } from "../controlPlane.ts";
import type { SortKey } from "./sortedOrder.ts";

/** Longest part of a text that decides an order; a cursor must hold it. */
export const keyLength = 64;
const text = (value: string | undefined): string => (value ?? "").slice(0, keyLength);

type SortTable<K extends EstateKind> = Record<string, (object: ObjectOf[K]) => SortKey>;

/** What a list can be sorted by, for each kind. */
export const sortFields: { readonly [K in EstateKind]: SortTable<K> } = {
  host: {
    name: (h) => text(h.name),
    id: (h) => h.id,
    state: (h) => h.connection.state,
    type: (h) => text(h.facts?.hypervisor.type),
    memory: (h) => h.facts?.memory ?? 0,
    cpus: (h) => h.facts?.cpu.total ?? 0,
    since: (h) => text(h.connection.since),
  },
  vm: {
    name: (v) => text(v.name),
    id: (v) => v.id,
    state: (v) => v.state,
    host: (v) => v.hostId,
    type: (v) => text(v.virtType),
    os: (v) => text(v.os),
    memory: (v) => v.memory.current,
    vcpus: (v) => v.vcpus.current,
    stateSince: (v) => text(v.stateSince),
  },
  datastore: {
    name: (d) => text(d.name),
    id: (d) => d.id,
    host: (d) => d.hostId,
    type: (d) => text(d.type),
    capacity: (d) => d.capacity,
    available: (d) => d.available,
  },
  network: { name: (n) => text(n.name), id: (n) => n.id, host: (n) => n.hostId, type: (n) => text(n.forward) },
};

export type FieldValue = string | number;
type Values = readonly FieldValue[];

/**
 * How a field of an object is read, and found.
 *
 * - `values`: by an index of its values; a range or a `*` looks at each different value once
 * - `parts`: the same, and `*x*` by an index of parts of three characters, `x*` by the order of the sort field
 * - `order`: by the order of a sort field (dates)
 * - `look`: by looking at objects; bounded
 */
export interface FieldReader<K extends EstateKind> {
  /** Properties it is read from: while they stay the same value, so does the field. */
  from: readonly (keyof ObjectOf[K])[];
  read(object: ObjectOf[K]): Values;
  by: "values" | "parts" | "order" | "look";
}
type Readers<K extends EstateKind> = Readonly<Record<string, FieldReader<K>>>;

const some = (value: FieldValue | undefined): Values => (value === undefined || value === "" ? [] : [value]);
const told = (value: boolean): Values => [value ? "true" : "false"];

function reader<K extends EstateKind>(
  from: keyof ObjectOf[K] | readonly (keyof ObjectOf[K])[],
  read: (object: ObjectOf[K]) => Values,
  by: FieldReader<K>["by"] = "values",
): FieldReader<K> {
  return { from: (Array.isArray(from) ? from : [from]) as readonly (keyof ObjectOf[K])[], read, by };
}

const vm: Readers<"vm"> = {
  name: reader("name", (v) => some(v.name), "parts"),
  state: reader("state", (v) => [v.state]),
  reason: reader("reason", (v) => some(v.reason)),
  since: reader("stateSince", (v) => dateValue(v.stateSince), "order"),
  tag: reader("tags", (v) => v.tags),
  folder: reader("folder", (v) => some(v.folder)),
  notes: reader("notes", (v) => some(v.notes), "look"),
  title: reader("title", (v) => some(v.title)),
  description: reader("description", (v) => some(v.description), "look"),
  type: reader("virtType", (v) => some(v.virtType)),
  os: reader("os", (v) => some(v.os)),
  arch: reader("arch", (v) => some(v.arch)),
  machine: reader("machine", (v) => some(v.machine)),
  acceleration: reader("acceleration", (v) => [v.acceleration]),
  firmware: reader("firmware", (v) => [v.firmware]),
  autostart: reader("autostart", (v) => told(v.autostart)),
  persistent: reader("persistent", (v) => told(v.persistent)),
  pending: reader("pending", (v) => v.pending),
  vcpus: reader("vcpus", (v) => [v.vcpus.current]),
  "vcpus.max": reader("vcpus", (v) => [v.vcpus.max]),
  memory: reader("memory", (v) => [v.memory.current]),
  "memory.max": reader("memory", (v) => [v.memory.max]),
  "disk.count": reader("disks", (v) => [v.disks.length]),
  "disk.target": reader("disks", (v) => v.disks.map((disk) => disk.target)),
  "disk.device": reader("disks", (v) => v.disks.map((disk) => disk.device)),
  "disk.bus": reader("disks", (v) => v.disks.map((disk) => disk.bus)),
  "disk.format": reader("disks", (v) => v.disks.map((disk) => disk.format)),
  "disk.source": reader("disks", (v) => v.disks.flatMap((disk) => some(disk.source))),
  "disk.capacity": reader("disks", (v) => v.disks.flatMap((disk) => disk.capacity ?? [])),
  "disk.allocation": reader("disks", (v) => v.disks.flatMap((disk) => disk.allocation ?? [])),
  "nic.count": reader("nics", (v) => [v.nics.length]),
  "nic.mac": reader("nics", (v) => v.nics.map((nic) => nic.mac)),
  "nic.address": reader("nics", (v) => v.nics.flatMap((nic) => nic.addresses), "parts"),
  "nic.model": reader("nics", (v) => v.nics.flatMap((nic) => some(nic.model))),
  "nic.kind": reader("nics", (v) => v.nics.map((nic) => nic.kind)),
  "nic.up": reader("nics", (v) => v.nics.map((nic) => String(nic.linkUp))),
  network: reader("nics", (v) => v.nics.flatMap((nic) => some(nic.source))),
  "snapshot.count": reader("snapshots", (v) => [v.snapshots.length]),
  "snapshot.name": reader("snapshots", (v) => v.snapshots.map((snapshot) => snapshot.name)),
};

const poolTag = /^pool[:=](.+)$/s;
const host: Readers<"host"> = {
  name: reader("name", (h) => some(h.name)),
  state: reader("connection", (h) => [h.connection.state]),
  since: reader("connection", (h) => dateValue(h.connection.since), "order"),
  failure: reader("connection", (h) => some(h.connection.failure?.code)),
  tag: reader("tags", (h) => h.tags),
  folder: reader("folder", (h) => some(h.folder)),
  pool: reader("tags", (h) => h.tags.flatMap((tag) => poolTag.exec(tag)?.[1] ?? [])),
  uri: reader("uri", (h) => some(h.uri)),
  hostname: reader("facts", (h) => some(h.facts?.hostname)),
  type: reader("facts", (h) => [h.facts?.hypervisor.type ?? "unknown"]),
  version: reader("facts", (h) => some(h.facts?.hypervisor.version)),
  arch: reader("facts", (h) => some(h.facts?.cpu.arch)),
  "cpu.model": reader("facts", (h) => some(h.facts?.cpu.model)),
  cpus: reader("facts", (h) => some(h.facts?.cpu.total)),
  memory: reader("facts", (h) => some(h.facts?.memory)),
  acceleration: reader("facts", (h) => some(h.facts?.acceleration.usable)),
};

const datastore: Readers<"datastore"> = {
  name: reader("name", (d) => some(d.name)),
  datastore: reader("name", (d) => some(d.name)),
  state: reader("active", (d) => [d.active ? "active" : "inactive"]),
  active: reader("active", (d) => told(d.active)),
  autostart: reader("autostart", (d) => told(d.autostart)),
  type: reader("type", (d) => some(d.type)),
  path: reader("path", (d) => some(d.path)),
  capacity: reader("capacity", (d) => [d.capacity]),
  allocation: reader("allocation", (d) => [d.allocation]),
  available: reader("available", (d) => [d.available]),
  use: reader(["capacity", "allocation"], (d) => (d.capacity > 0 ? [(d.allocation / d.capacity) * 100] : [])),
  "volume.count": reader("volumes", (d) => [d.volumes.length]),
};

const network: Readers<"network"> = {
  name: reader("name", (n) => some(n.name)),
  network: reader("name", (n) => some(n.name)),
  state: reader("active", (n) => [n.active ? "active" : "inactive"]),
  active: reader("active", (n) => told(n.active)),
  autostart: reader("autostart", (n) => told(n.autostart)),
  type: reader("forward", (n) => some(n.forward)),
  bridge: reader("bridge", (n) => some(n.bridge)),
  address: reader("addresses", (n) => n.addresses),
  dhcp: reader("dhcp", (n) => told(n.dhcp)),
};

/** Fields that are read from the object alone. `id`, `host`, `datastore` of a VM, counts of VMs and loads need the estate. */
export const fieldReaders: { readonly [K in EstateKind]: Readers<K> } = { vm, host, datastore, network };

/** The sort field that orders a field found by `order`, or by its beginning. */
export const orderOf: { readonly [K in EstateKind]?: Readonly<Record<string, string>> } = {
  vm: { since: "stateSince", name: "name" },
  host: { since: "since" },
};

function dateValue(text: string): Values {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? [] : [ms];
}

/** Values of a field of an object, as far as the object alone tells them. */
export function valuesOf(object: EstateObject, field: string): Values {
  const readers = fieldReaders[object.kind] as Readers<EstateKind>;
  return Object.hasOwn(readers, field) ? readers[field]!.read(object) : [];
}
