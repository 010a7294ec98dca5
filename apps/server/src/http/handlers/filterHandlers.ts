import { completeFilter, filterKinds, formatFilter, readFilter, valueCandidates, type CheckedFilter, type FilterKind } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { EstateObject } from "../../controlPlane.ts";
import type { Handlers, Services } from "../handler.ts";

/** Words of a search that are looked for; more of them narrow nothing. */
const wordsAtMost = 8;

/** What helps to write a filter, and the search that needs none. */
export function filterHandlers({ control }: Services): Pick<Handlers, "filterComplete" | "search"> {
  const { estate } = control;
  return {
    filterComplete({ query, viewer }) {
      const { text, kind, limit } = query;
      const { from, to, candidates, values } = completeFilter(text, query.cursor ?? text.length, kind);
      const offered = values ? [...candidates, ...valueCandidates(viewer.estate.fieldValues(values.kind, values.field, values.typed, limit))] : candidates;
      const read = readFilter(text, kind, Date.now());
      const said = { from, to, candidates: offered.slice(0, limit) };
      if (read.ok) return { ...said, canonical: formatFilter(read.parsed) };
      const { message, at, end, suggestion } = read;
      return { ...said, fault: { message, at, end, ...(suggestion === undefined ? {} : { suggestion }) } };
    },
    search({ query, viewer }) {
      const { estate: seen } = viewer;
      const words = query.q.split(/\s+/).filter(Boolean).slice(0, wordsAtMost);
      if (words.length === 0) throw new PolyvisorError("badRequest", { detail: "there is no word to look for", where: "query q" });
      const items: EstateObject[] = [];
      const totals: Partial<Record<FilterKind, number>> = {};
      for (const kind of kindsOf(query.kinds)) {
        const all = seen.page(kind, { filter: { is: "and", parts: words.map((word) => ({ is: "text", any: [word] })) }, limit: query.limit });
        totals[kind] = all.total;
        // What is called exactly so comes first, then what begins so.
        const better = (filter: CheckedFilter): EstateObject[] => (all.total === 0 ? [] : seen.page(kind, { filter, limit: query.limit }).items);
        const whole = words.join(" ");
        const exact = better({ is: "match", field: "name", test: { by: "text", any: [{ pieces: [whole], fold: false }] } });
        const beginning = better({ is: "match", field: "name", test: { by: "text", any: [{ pieces: [whole.toLowerCase(), ""], fold: true }] } });
        const best = new Map([...exact, ...beginning, ...all.items].map((object) => [object.id, object]));
        items.push(...[...best.values()].slice(0, query.limit));
      }
      return { items: items.map(shown), totals };
    },
  };

  function shown(object: EstateObject) {
    const host = object.kind === "host" ? undefined : estate.get("host", object.hostId);
    const state = object.kind === "vm" ? object.state : object.kind === "host" ? object.connection.state : object.active ? "active" : "inactive";
    return { kind: object.kind, id: object.id, name: object.name, ...(host ? { host: host.name } : {}), state };
  }
}

function kindsOf(text: string | undefined): readonly FilterKind[] {
  if (text === undefined) return filterKinds;
  return text.split(",").map((word) => {
    const kind = filterKinds.find((each) => each === word.trim());
    if (!kind)
      throw new PolyvisorError("badRequest", { detail: `there is no kind "${word.slice(0, 64)}"; known are ${filterKinds.join(", ")}`, where: "query kinds" });
    return kind;
  });
}
