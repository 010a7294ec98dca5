import { faultText, readFilter, type CheckedFilter, type Filter, type FilterKind } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";

/**
 * A filter for objects of a kind.
 * @param where the place in the request, for the error
 * @throws PolyvisorError `badRequest` that says what is wrong and at which character
 */
export function filterOf(text: string, kind: FilterKind, where: string, now = Date.now()): CheckedFilter {
  return read(text, kind, where, now).filter;
}

/**
 * A filter that says what is changed: it must not be empty, and every term must say what it is about.
 * @throws PolyvisorError `badRequest`
 */
export function targetFilter(text: string, kind: FilterKind, where: string, now = Date.now()): CheckedFilter {
  const { filter, parsed } = read(text, kind, where, now);
  if (filter.is === "all") throw new PolyvisorError("badRequest", { detail: `the filter is empty; to mean every ${kind} write name=*`, where });
  const word = looseWord(parsed);
  if (word !== undefined)
    throw new PolyvisorError("badRequest", {
      detail: `"${word.slice(0, 64)}" stands alone, which looks in names, tags and addresses; for a change that is too loose`,
      where,
      remedy: `Write name = "${word.slice(0, 64)}", or name ~ "${word.slice(0, 64)}" for every name that holds it.`,
    });
  return filter;
}

function read(text: string, kind: FilterKind, where: string, now: number): { filter: CheckedFilter; parsed: Filter } {
  const result = readFilter(text, kind, now);
  if (!result.ok) throw new PolyvisorError("badRequest", { detail: faultText(result), where });
  return result;
}

function looseWord(filter: Filter): string | undefined {
  if (filter.is === "text") return filter.values[0]!.text;
  const parts = filter.is === "and" || filter.is === "or" ? filter.parts : filter.is === "not" ? [filter.part] : [];
  for (const part of parts) {
    const word = looseWord(part);
    if (word !== undefined) return word;
  }
  return undefined;
}
