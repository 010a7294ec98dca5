import { same } from "../estate/facts.ts";

/** One field before and after; a part of an object is named with dots: `memory.current`. Absent: it was not there. */
export interface FieldChange {
  field: string;
  before?: unknown;
  after?: unknown;
}

/** Polyvisor's own counting of changes, not a fact of the object. */
const counters = new Set(["revision"]);
const deepest = 4;

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Fields that differ, in the order of their names. Lists are compared as a whole. */
export function fieldChanges(before: object, after: object): FieldChange[] {
  const out: FieldChange[] = [];
  compare(before as Record<string, unknown>, after as Record<string, unknown>, "", 1, out);
  return out;
}

function compare(before: Record<string, unknown>, after: Record<string, unknown>, above: string, depth: number, out: FieldChange[]): void {
  for (const name of [...new Set([...Object.keys(after), ...Object.keys(before)])].sort()) {
    if (depth === 1 && counters.has(name)) continue;
    const [was, is] = [before[name], after[name]];
    if (same(was, is)) continue;
    const field = above + name;
    if (isPlain(was) && isPlain(is) && depth < deepest) {
      compare(was, is, `${field}.`, depth + 1, out);
      continue;
    }
    const change: FieldChange = { field };
    if (was !== undefined) change.before = was;
    if (is !== undefined) change.after = is;
    out.push(change);
  }
}
