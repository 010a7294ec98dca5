import type { EstateKind } from "../controlPlane.ts";
import type { ObjectTable } from "./objectTable.ts";
import type { Indexed } from "./plan.ts";

/** Different values that are gone through at most. */
const lookAtMost = 20_000;

/** Values of a field that begin like a text, letter case apart; what begins exactly so comes first. Only of objects that are visible. For completion. */
export function fieldValues(kind: EstateKind, field: string, begins: string, most: number, estate: Indexed): string[] {
  if (field === "host") return fieldValues("host", "name", begins, most, estate);
  if (field === "datastore" && kind === "vm") return fieldValues("datastore", "name", begins, most, estate);
  const table = estate.tables[kind] as ObjectTable<EstateKind>;
  const index = Object.hasOwn(table.indexes, field) ? table.indexes[field] : undefined;
  if (!index) return [];
  const seen = estate.visible?.(kind);
  const isSeen = (value: string): boolean => {
    if (!seen) return true;
    for (const slot of index.slots(value)) if (seen.has(slot)) return true;
    return false;
  };
  const small = begins.toLowerCase();
  const found = new Set<string>();
  const take = (value: string): void => {
    if (value.toLowerCase().startsWith(small) && isSeen(value)) found.add(value);
  };
  // Names are many, and sorted: those that begin so follow each other.
  if (field === "name" && begins !== "")
    for (const slot of table.order("name")!.pick(seen ?? table.all(), false, most, { key: begins, id: "" })) take(table.at(slot).name);
  // What is hidden must not even use up the limit.
  if (seen && seen.count() <= lookAtMost) {
    for (const slot of seen) for (const value of estate.valuesOf(table.at(slot), field)) take(String(value));
    return inOrder();
  }
  let looked = 0;
  for (const value of index.values()) {
    if (found.size >= most * 4 || ++looked > lookAtMost) break;
    take(String(value));
  }
  return inOrder();

  function inOrder(): string[] {
    return [...found].sort((a, b) => Number(b.startsWith(begins)) - Number(a.startsWith(begins)) || (a < b ? -1 : 1)).slice(0, most);
  }
}
