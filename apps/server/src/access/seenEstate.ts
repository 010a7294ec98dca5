import type { CheckedFilter, FilterKind } from "@polyvisor/api";
import { stateTable, vmStates, type Permission, type VmState } from "@polyvisor/model";
import type { EstateKind, EstateObject, EstateReader, ObjectOf, Page, PageQuery } from "../controlPlane.ts";
import type { Bits } from "../estate/bits.ts";
import type { Estate } from "../estate/estate.ts";
import type { FieldValue } from "../estate/fields.ts";
import { fieldValues } from "../estate/fieldValues.ts";
import { fitsFilter } from "../estate/fitsFilter.ts";
import type { Indexed } from "../estate/plan.ts";
import { select, selectPage } from "../estate/selection.ts";
import type { Viewer } from "./viewer.ts";

/** The permission to see an object of each kind. */
export const viewOf: Readonly<Record<EstateKind, Permission>> = {
  vm: "vm.view",
  host: "host.view",
  datastore: "datastore.view",
  network: "network.view",
};

/**
 * The estate as one caller sees it: what he may not see is not there, neither in pages and counts, nor through the
 * relations of a filter. The name and the state of connection of the host that a VM is on belong to the VM.
 */
export class SeenEstate implements EstateReader, Indexed {
  readonly #viewer: Viewer;
  readonly #all: Estate;

  constructor(viewer: Viewer, all: Estate) {
    this.#viewer = viewer;
    this.#all = all;
  }

  get tables(): Estate["tables"] {
    return this.#all.tables;
  }
  get loads(): Estate["loads"] {
    return this.#all.loads;
  }
  get relations(): Estate["relations"] {
    return this.#all.relations;
  }
  get figures(): Estate["figures"] {
    return this.#all.figures;
  }
  presentSince(): number {
    return this.#all.presentSince();
  }

  sees(object: EstateObject): boolean {
    return this.#viewer.may(viewOf[object.kind], object);
  }

  visible(kind: EstateKind): Bits | undefined {
    return this.#viewer.bits(kind, viewOf[kind]);
  }

  get<K extends EstateKind>(kind: K, id: string): ObjectOf[K] | undefined {
    const object = this.#all.get(kind, id);
    return object && this.sees(object) ? object : undefined;
  }

  find<K extends EstateKind>(kind: K, ref: string): ObjectOf[K] {
    return this.#all.find(kind, ref, (object) => this.sees(object));
  }

  page<K extends EstateKind>(kind: K, query: PageQuery): Page<ObjectOf[K]> {
    return selectPage(this.#all.tables[kind] as never, query, this, this.visible(kind)) as Page<ObjectOf[K]>;
  }

  select<K extends EstateKind>(kind: K, filter: CheckedFilter, most = Infinity): ObjectOf[K][] {
    const table = this.#all.tables[kind];
    const out: ObjectOf[K][] = [];
    for (const slot of select(table as never, filter, this, this.visible(kind))) if (out.push(table.at(slot) as ObjectOf[K]) > most) break;
    return out;
  }

  fits(object: EstateObject, filter: CheckedFilter): boolean {
    return fitsFilter(filter, object, this);
  }

  counts(): Record<VmState, number> {
    const visible = this.visible("vm");
    if (!visible) return this.#all.counts();
    const table = this.#all.tables.vm;
    const count = (state: VmState): number => {
      const bits = table.none();
      table.indexes.state.into(state, bits);
      return bits.and(visible).count();
    };
    return Object.fromEntries(vmStates.map((state) => [state, count(state)])) as Record<VmState, number>;
  }

  fieldValues(kind: EstateKind, field: string, begins: string, most: number): string[] {
    return fieldValues(kind, field, begins, most, this);
  }

  valuesOf(object: EstateObject, field: string): readonly FieldValue[] {
    if (object.kind === "vm" && field === "datastore") return this.related(object, "datastore").map(({ name }) => name);
    if (object.kind === "host" && (field === "vm.count" || field === "memory.granted")) {
      const vms = [...this.#all.ofHost("vm", object.id)].flatMap((id) => this.get("vm", id) ?? []);
      if (field === "vm.count") return [vms.length];
      return [vms.reduce((sum, vm) => sum + (stateTable[vm.state].active ? vm.memory.current : 0), 0)];
    }
    return this.#all.valuesOf(object, field);
  }

  related(object: EstateObject, kind: FilterKind): readonly EstateObject[] {
    return this.#all.related(object, kind).filter((each) => this.sees(each));
  }
}
