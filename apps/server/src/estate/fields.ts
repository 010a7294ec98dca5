import type { SelectorField } from "@polyvisor/api";
import type { EstateKind, EstateObject, ObjectOf } from "../controlPlane.ts";
import type { SortKey } from "./sortedOrder.ts";

/** Longest part of a text that decides an order; a cursor must hold it. */
const keyLength = 64;
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
    stateSince: (v) => v.stateSince,
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

/** Fields of a selector that have an index; the rest is looked at object by object. */
export const indexedFields = ["name", "state", "tag", "type", "network"] as const satisfies SelectorField[];
export type IndexedField = (typeof indexedFields)[number];

/** Values of a field of an object, as a selector sees them. `host` and `datastore` need the estate and are not here. */
export function valuesOf(object: EstateObject, field: SelectorField): readonly string[] {
  switch (field) {
    case "name":
      return [object.name];
    case "id":
      return object.kind === "host" ? [object.id] : [object.id, object.nativeId];
    case "tag":
      return "tags" in object ? object.tags : [];
    case "state":
      return [object.kind === "vm" ? object.state : object.kind === "host" ? object.connection.state : object.active ? "active" : "inactive"];
    case "type":
      return [typeOf(object)];
    case "os":
      return object.kind === "vm" && object.os !== undefined ? [object.os] : [];
    case "network":
      return object.kind === "vm" ? object.nics.flatMap((nic) => nic.source ?? []) : object.kind === "network" ? [object.name] : [];
    default:
      return [];
  }
}

function typeOf(object: EstateObject): string {
  if (object.kind === "vm") return object.virtType;
  if (object.kind === "host") return object.facts?.hypervisor.type ?? "unknown";
  return object.kind === "datastore" ? object.type : object.forward;
}
