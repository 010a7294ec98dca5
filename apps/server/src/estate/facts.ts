import { datastoreFactsSchema, networkFactsSchema, vmFactsSchema, type FactsOf, type InventoryKind } from "@polyvisor/model";

/** Names of the facts of each kind: what a hypervisor decides; everything else of an object is Polyvisor's own. */
export const factNames: Readonly<Record<InventoryKind, readonly string[]>> = {
  vm: Object.keys(vmFactsSchema.shape),
  datastore: Object.keys(datastoreFactsSchema.shape),
  network: Object.keys(networkFactsSchema.shape),
};

/** Whether two values of facts (JSON) are the same; an absent field and `undefined` are. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Number.isNaN(a) && Number.isNaN(b);
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (left[key] !== undefined && !same(left[key], right[key])) return false;
  for (const key in right) if (right[key] !== undefined && left[key] === undefined) return false;
  return true;
}

/** Facts that differ from what is known. */
export function changedFacts<K extends InventoryKind>(kind: K, known: FactsOf[K], facts: FactsOf[K]): string[] {
  const left = known as unknown as Record<string, unknown>;
  const right = facts as unknown as Record<string, unknown>;
  return factNames[kind].filter((name) => !same(left[name], right[name]));
}

/** An object with the changed facts replaced; what did not change stays the same value in memory. */
export function withFacts<T extends object>(object: T, facts: object, names: readonly string[]): T {
  const out = { ...object } as Record<string, unknown>;
  const from = facts as Record<string, unknown>;
  for (const name of names) {
    if (from[name] === undefined) delete out[name];
    else out[name] = from[name];
  }
  return out as T;
}

/** The facts of a kind alone, without anything that an adapter may have left on them. */
export function onlyFacts<K extends InventoryKind>(kind: K, facts: FactsOf[K]): FactsOf[K] {
  return withFacts({}, facts, factNames[kind]) as FactsOf[K];
}

// oxlint-disable-next-line no-control-regex -- exactly the character that PostgreSQL cannot keep
const nul = /\u0000/g;

/** Text without what the store cannot hold (NUL, half a surrogate pair); everything else as it is, the same value where nothing was wrong. */
export function clean(value: unknown): unknown {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0") ? value : value.toWellFormed().replace(nul, "\ufffd");
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    let out: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const cleaned = clean(value[i]);
      if (cleaned !== value[i]) (out ??= value.slice())[i] = cleaned;
    }
    return out ?? value;
  }
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    const cleaned = clean(item);
    if (cleaned !== item) (out ??= { ...value })[key] = cleaned;
  }
  return out ?? value;
}
