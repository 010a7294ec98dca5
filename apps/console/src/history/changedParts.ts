/** One thing that differs: where in the field, before and after; undefined is nothing there. */
export interface ChangedPart {
  path: readonly string[];
  before?: unknown;
  after?: unknown;
}

/** Fields that change with everything or repeat another. */
const noise = new Set(["stateSince", "revision"]);
/** What an element of a list is known by. */
const keys = ["target", "mac", "alias", "name", "id", "n"] as const;
/** Parts of one change that are written out. */
const most = 60;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

function keyOf(list: readonly Record<string, unknown>[]): (typeof keys)[number] | undefined {
  return keys.find((key) => list.every((each) => typeof each[key] === "string" || typeof each[key] === "number"));
}

function* partsOf(path: readonly string[], before: unknown, after: unknown): Generator<ChangedPart> {
  if (same(before, after)) return;
  if (isRecord(before) && isRecord(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) yield* partsOf([...path, name], before[name], after[name]);
    return;
  }
  const lists = [before ?? [], after ?? []];
  if (lists.every(Array.isArray)) {
    const [was, is] = lists as [unknown[], unknown[]];
    const all = [...was, ...is];
    const key = all.every(isRecord) ? keyOf(all as Record<string, unknown>[]) : undefined;
    if (key !== undefined) {
      const byKey = (list: unknown[]): Map<string, unknown> => new Map(list.map((each) => [String((each as Record<string, unknown>)[key]), each]));
      const [old, fresh] = [byKey(was), byKey(is)];
      for (const name of new Set([...old.keys(), ...fresh.keys()])) yield* partsOf([...path, name], old.get(name), fresh.get(name));
      return;
    }
    if (all.every((each) => typeof each === "string" || typeof each === "number")) {
      const gone = was.filter((each) => !is.includes(each));
      const come = is.filter((each) => !was.includes(each));
      return void (yield { path, ...(gone.length > 0 ? { before: gone } : {}), ...(come.length > 0 ? { after: come } : {}) });
    }
  }
  yield { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

/** What really differs in the fields of a change: of a list with its elements' names only those that differ, and in them only what does. */
export function changedParts(changes: readonly { field: string; before?: unknown; after?: unknown }[]): { parts: ChangedPart[]; more: number } {
  const found: ChangedPart[] = [];
  for (const { field, before, after } of changes) if (!noise.has(field)) found.push(...partsOf(field.split("."), before, after));
  return { parts: found.slice(0, most), more: Math.max(0, found.length - most) };
}
