import { faultText, filterKinds, kindOfFilter, readFilter, type CheckedFilter, type FilterKind } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";

/** A filter by which a grant holds. */
export interface Selector {
  kind: FilterKind;
  filter: CheckedFilter;
  /** Whether it asks for something of the host that an object is on. */
  ofHost: boolean;
}

/**
 * What a grant may go by: names and places that nobody changes without being asked whether he may. Load, state, notes
 * or a guest's system would let the guest or the clock give rights.
 */
const grantable: Readonly<Record<FilterKind, readonly string[]>> = {
  vm: ["name", "id", "tag", "folder", "host"],
  host: ["name", "id", "tag", "folder", "pool", "host"],
  datastore: ["name", "id", "host"],
  network: ["name", "id", "host"],
};

/** Reads a selector of a grant: `vm where tag = web`. @throws PolyvisorError `badRequest` */
export function readSelector(text: string, where: string): Selector {
  const kind = kindOfFilter(text) ?? "vm";
  const read = readFilter(text, kind, 0);
  if (!read.ok) throw new PolyvisorError("badRequest", { detail: faultText(read), where });
  if (read.filter.is === "all") throw new PolyvisorError("badRequest", { detail: "the selector is empty; to mean everything grant on the site", where });
  const found = check(read.filter, kind);
  if (found.bad !== undefined)
    throw new PolyvisorError("badRequest", {
      detail: `a grant cannot go by ${found.bad}: it may change without anybody being asked`,
      where,
      remedy: `Use ${grantable[kind].join(", ")}, or one of these of the host: host.tag.`,
    });
  return { kind, filter: read.filter, ofHost: found.ofHost };
}

/** The filter of a narrowed token for each kind that it speaks of. Without a kind it is read for each; where it fits none the token sees nothing. */
export function readScopeFilter(text: string): ReadonlyMap<FilterKind, CheckedFilter> {
  const named = kindOfFilter(text);
  const out = new Map<FilterKind, CheckedFilter>();
  for (const kind of named ? [named] : filterKinds) {
    const read = readFilter(text, kind, Date.now());
    if (read.ok) out.set(kind, read.filter);
  }
  return out;
}

function check(filter: CheckedFilter, kind: FilterKind): { bad?: string; ofHost: boolean } {
  switch (filter.is) {
    case "all":
      return { ofHost: false };
    case "and":
    case "or": {
      const parts = filter.parts.map((part) => check(part, kind));
      const bad = parts.find((part) => part.bad !== undefined)?.bad;
      return { ...(bad === undefined ? {} : { bad }), ofHost: parts.some((part) => part.ofHost) };
    }
    case "not":
      return check(filter.part, kind);
    case "text":
      return { bad: "a word that stands alone", ofHost: false };
    case "match": {
      const { field, through } = filter;
      const ofHost = through === "host" || (field === "host" && kind !== "host");
      const good = through === undefined ? grantable[kind].includes(field) : through === "host" && grantable.host.includes(field);
      return good ? { ofHost } : { bad: `"${through === undefined ? field : `${through}.${field}`}"`, ofHost };
    }
  }
}
