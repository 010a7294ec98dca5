import type { CheckedFilter, FilterKind } from "@polyvisor/api";
import { PolyvisorError, stateTable, vmStates, type Load, type Vm, type VmState } from "@polyvisor/model";
import type { EstateKind, EstateObject, EstateReader, ObjectOf, Page, PageQuery } from "../controlPlane.ts";
import { valuesOf, type FieldValue } from "./fields.ts";
import { fieldValues } from "./fieldValues.ts";
import { fitsFilter } from "./fitsFilter.ts";
import { ObjectTable } from "./objectTable.ts";
import type { Indexed } from "./plan.ts";
import { isLoadField, PresentLoads } from "./presentLoads.ts";
import { usesDatastore, usesNetwork, VmRelations } from "./relations.ts";
import { select, selectPage } from "./selection.ts";
import { sharedParts } from "./sharedParts.ts";

/** Every object as it was last committed. Only the journal changes it. */
export class Estate implements EstateReader, Indexed {
  readonly tables: { readonly [K in EstateKind]: ObjectTable<K> } = {
    host: new ObjectTable("host"),
    vm: new ObjectTable("vm"),
    datastore: new ObjectTable("datastore"),
    network: new ObjectTable("network"),
  };
  readonly loads = { vm: new PresentLoads(), host: new PresentLoads() };
  readonly relations = new VmRelations(this.tables.vm);
  readonly figures = { examined: 0 };
  readonly #memory = new Map<string, number>();
  readonly #now: () => number;
  #loadKeptMs: number;

  /** @param options.loadKeptMs how long a load is the present one */
  constructor(options: { now?: () => number; loadKeptMs?: number } = {}) {
    this.#now = options.now ?? Date.now;
    this.#loadKeptMs = options.loadKeptMs ?? 60_000;
  }

  get<K extends EstateKind>(kind: K, id: string): ObjectOf[K] | undefined {
    return (this.tables[kind] as ObjectTable<K>).byId.get(id);
  }

  /** The object of a host with the hypervisor's own id. */
  byNative<K extends Exclude<EstateKind, "host">>(kind: K, hostId: string, nativeId: string): ObjectOf[K] | undefined {
    const table = this.tables[kind] as ObjectTable<K>;
    for (const id of table.byNative.get(nativeId)) {
      const object = table.byId.get(id)!;
      if ((object as { hostId: string }).hostId === hostId) return object;
    }
    return undefined;
  }

  /** Objects with the same native id on any host. */
  withNative<K extends Exclude<EstateKind, "host">>(kind: K, nativeId: string): ObjectOf[K][] {
    const table = this.tables[kind] as ObjectTable<K>;
    return [...table.byNative.get(nativeId)].map((id) => table.byId.get(id)!);
  }

  /** Ids of the objects of a host. */
  ofHost(kind: Exclude<EstateKind, "host">, hostId: string): Set<string> {
    return new Set(this.tables[kind].byHost.get(hostId));
  }

  /** @param sees whether an object is there for who asks; what is not is told of in no way */
  find<K extends EstateKind>(kind: K, ref: string, sees: (object: ObjectOf[K]) => boolean = () => true): ObjectOf[K] {
    const table = this.tables[kind] as ObjectTable<K>;
    const byId = table.byId.get(ref);
    if (byId && sees(byId)) return byId;
    const seen = (ids: Iterable<string>): string[] => [...ids].filter((id) => sees(table.byId.get(id)!));
    let found = seen(table.byNative.get(ref));
    if (found.length === 0) found = seen(table.indexes.name.get(ref));
    if (found.length === 0 && kind !== "host" && ref.includes("/")) {
      const slash = ref.indexOf("/");
      const hosts = this.#hostsNamed(ref.slice(0, slash));
      found = seen(table.indexes.name.get(ref.slice(slash + 1))).filter((id) => hosts.has((table.byId.get(id) as { hostId: string }).hostId));
    }
    if (found.length === 1) return table.byId.get(found[0]!)!;
    const shown = ref.slice(0, 200);
    if (found.length === 0) throw new PolyvisorError("notFound", { detail: `there is no ${kind} "${shown}"` });
    const some = found.slice(0, 5).map((id) => this.pathOf(table.byId.get(id)!));
    throw new PolyvisorError("ambiguous", { detail: `"${shown}" fits ${found.length} ${kind}s: ${some.join(", ")}${found.length > 5 ? ", …" : ""}` });
  }

  /** HOST/NAME, or the name of a host. */
  pathOf(object: EstateObject): string {
    return object.kind === "host" ? object.name : `${this.get("host", object.hostId)?.name ?? object.hostId}/${object.name}`;
  }

  page<K extends EstateKind>(kind: K, query: PageQuery): Page<ObjectOf[K]> {
    return selectPage(this.tables[kind] as ObjectTable<K>, query, this);
  }

  /** Objects that fit, in no order; one more than `most` where there are more. */
  select<K extends EstateKind>(kind: K, filter: CheckedFilter, most = Infinity): ObjectOf[K][] {
    const table = this.tables[kind] as ObjectTable<K>;
    const out: ObjectOf[K][] = [];
    for (const slot of select(table, filter, this)) {
      this.figures.examined++;
      if (out.push(table.at(slot)) > most) break;
    }
    return out;
  }

  fits(object: EstateObject, filter: CheckedFilter): boolean {
    return fitsFilter(filter, object, this);
  }

  fieldValues(kind: EstateKind, field: string, begins: string, most: number): string[] {
    return fieldValues(kind, field, begins, most, this);
  }

  counts(): Record<VmState, number> {
    const index = this.tables.vm.indexes.state;
    return Object.fromEntries(vmStates.map((state) => [state, index.count(state)])) as Record<VmState, number>;
  }

  #hostsNamed(value: string): Set<string> {
    const { byId, indexes } = this.tables.host;
    return new Set([...(byId.has(value) ? [value] : []), ...indexes.name.get(value)]);
  }

  valuesOf(object: EstateObject, field: string): readonly FieldValue[] {
    if (field === "id") return object.kind === "host" ? [object.id] : [object.id, object.nativeId];
    if (field === "host") {
      const host = object.kind === "host" ? object : this.get("host", object.hostId);
      return host ? [host.id, host.name] : [];
    }
    if (object.kind === "vm" || object.kind === "host") {
      if (isLoadField(field)) {
        const slot = this.tables[object.kind].slotOf(object.id);
        const load = slot === undefined ? undefined : this.loads[object.kind].get(slot, field, this.presentSince());
        return load === undefined ? [] : [load];
      }
    }
    if (object.kind === "vm" && field === "datastore") return this.related(object, "datastore").map(({ name }) => name);
    if (object.kind === "host" && field === "vm.count") return [this.tables.vm.byHost.count(object.id)];
    if (object.kind === "host" && field === "memory.granted") return [this.memoryInUse(object.id)];
    return valuesOf(object, field);
  }

  related(object: EstateObject, kind: FilterKind): readonly EstateObject[] {
    if (object.kind === "host") return [];
    if (kind === "host") return [this.get("host", object.hostId)].filter((host) => host !== undefined);
    if (object.kind !== "vm") return [];
    const here = <K extends "datastore" | "network">(each: K): ObjectOf[K][] => [...this.ofHost(each, object.hostId)].map((id) => this.get(each, id)!);
    if (kind === "datastore") return here("datastore").filter((store) => usesDatastore(object, store));
    return kind === "network" ? here("network").filter((network) => usesNetwork(object, network)) : [];
  }

  /** How long a load is the present one, from now on: a large estate is measured less often. */
  keepLoads(ms: number): void {
    this.#loadKeptMs = ms;
  }

  /** Load older than this is not present. */
  presentSince(): number {
    return this.#now() - this.#loadKeptMs;
  }

  /** Takes what was measured of a VM or host just now. */
  setLoad(kind: "vm" | "host", id: string, load: Load): void {
    const slot = this.tables[kind].slotOf(id);
    if (slot === undefined) return;
    if (kind === "host") {
      const { facts } = this.tables.host.at(slot);
      this.loads.host.set(slot, load, facts?.cpu.total, facts?.memory);
    } else {
      const vm = this.tables.vm.at(slot);
      if (stateTable[vm.state].active) this.loads.vm.set(slot, load, vm.vcpus.current, vm.memory.current);
    }
  }

  /** Bytes that VMs hold on a host now. Kept up to date, since every placement asks for it. */
  memoryInUse(hostId: string): number {
    return this.#memory.get(hostId) ?? 0;
  }

  /** Takes what was committed; what many objects have alike is kept once. */
  put(object: EstateObject): void {
    sharedParts(object);
    if (object.kind !== "vm") {
      (this.tables[object.kind] as ObjectTable<EstateKind>).put(object);
      return;
    }
    const before = this.get("vm", object.id);
    this.#count(before, object);
    const slot = this.tables.vm.put(object);
    this.relations.change(slot, before, object);
    if (!stateTable[object.state].active) this.loads.vm.clear(slot);
  }

  delete(kind: EstateKind, id: string): void {
    const before = kind === "vm" ? this.get("vm", id) : undefined;
    this.#count(before, undefined);
    const slot = this.tables[kind].delete(id);
    if (slot === undefined) return;
    if (before) this.relations.change(slot, before, undefined);
    if (kind === "vm" || kind === "host") this.loads[kind].clear(slot);
  }

  #count(before: Vm | undefined, after: Vm | undefined): void {
    for (const [vm, sign] of [
      [before, -1],
      [after, 1],
    ] as const) {
      if (vm && stateTable[vm.state].active) this.#memory.set(vm.hostId, (this.#memory.get(vm.hostId) ?? 0) + sign * vm.memory.current);
    }
  }
}
