import { basename, dirname } from "node:path/posix";
import { fits, type SelectorTerm } from "@polyvisor/api";
import { PolyvisorError, stateTable, vmStates, type Vm, type VmState } from "@polyvisor/model";
import type { EstateKind, EstateObject, EstateReader, ObjectOf, Page, PageQuery } from "../controlPlane.ts";
import { ObjectTable } from "./objectTable.ts";
import { selectAll, selectPage, type Surroundings } from "./selection.ts";

/** Every object as it was last committed. Only the journal changes it. */
export class Estate implements EstateReader, Surroundings {
  readonly tables: { readonly [K in EstateKind]: ObjectTable<K> } = {
    host: new ObjectTable("host"),
    vm: new ObjectTable("vm"),
    datastore: new ObjectTable("datastore"),
    network: new ObjectTable("network"),
  };
  readonly #memory = new Map<string, number>();

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
  ofHost(kind: Exclude<EstateKind, "host">, hostId: string): ReadonlySet<string> {
    return this.tables[kind].byHost.get(hostId) ?? new Set();
  }

  find<K extends EstateKind>(kind: K, ref: string): ObjectOf[K] {
    const table = this.tables[kind] as ObjectTable<K>;
    const byId = table.byId.get(ref);
    if (byId) return byId;
    let found = [...table.byNative.get(ref)];
    if (found.length === 0) found = [...table.indexes.name.get(ref)];
    if (found.length === 0 && kind !== "host" && ref.includes("/")) {
      const slash = ref.indexOf("/");
      const hosts = this.hostsNamed([ref.slice(0, slash)]);
      found = [...table.indexes.name.get(ref.slice(slash + 1))].filter((id) => hosts.has((table.byId.get(id) as { hostId: string }).hostId));
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

  select<K extends EstateKind>(kind: K, terms: readonly SelectorTerm[]): ObjectOf[K][] {
    return selectAll(this.tables[kind] as ObjectTable<K>, terms, this);
  }

  counts(): Record<VmState, number> {
    const index = this.tables.vm.indexes.state;
    return Object.fromEntries(vmStates.map((state) => [state, index.count(state)])) as Record<VmState, number>;
  }

  hostsNamed(values: readonly string[]): Set<string> {
    const { byId, indexes } = this.tables.host;
    const out = new Set<string>();
    for (const value of values) {
      if (byId.has(value)) out.add(value);
      if (!value.includes("*")) for (const id of indexes.name.get(value)) out.add(id);
      else for (const host of byId.values()) if (fits(value, host.name)) out.add(host.id);
    }
    return out;
  }

  datastoresOf = (object: EstateObject): readonly string[] => {
    if (object.kind === "datastore") return [object.name];
    if (object.kind !== "vm") return [];
    const here = [...this.ofHost("datastore", object.hostId)].map((id) => this.get("datastore", id)!);
    return object.disks.flatMap((disk) => {
      if (disk.source === undefined) return [];
      if (disk.sourceKind === "volume") return [disk.source.slice(0, disk.source.indexOf("/"))];
      const folder = dirname(disk.source);
      const file = basename(disk.source);
      return here
        .filter((each) => each.path === folder || each.volumes.some((volume) => volume.path === disk.source && volume.name === file))
        .map((each) => each.name);
    });
  };

  /** Bytes that VMs hold on a host now. Kept up to date, since every placement asks for it. */
  memoryInUse(hostId: string): number {
    return this.#memory.get(hostId) ?? 0;
  }

  /** Takes what was committed. */
  put(object: EstateObject): void {
    if (object.kind === "vm") this.#count(this.get("vm", object.id), object);
    (this.tables[object.kind] as ObjectTable<EstateKind>).put(object);
  }

  delete(kind: EstateKind, id: string): void {
    if (kind === "vm") this.#count(this.get("vm", id), undefined);
    this.tables[kind].delete(id);
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
