import { filterKinds, kindOfFilter } from "@polyvisor/api";
import { PolyvisorError, type Event, type Kind } from "@polyvisor/model";
import type { EstateReader } from "../controlPlane.ts";
import { filterOf } from "../estate/filterOf.ts";

/**
 * Which events a reader gets. With a filter: those of one kind after which the object fits, every deletion of that kind (what
 * is gone fits nothing, and who keeps a list must hear of it), and resets.
 * @throws PolyvisorError `badRequest`
 */
export function eventFilter(
  estate: EstateReader,
  text: string | undefined,
  kinds: ReadonlySet<Kind> | undefined,
): { kinds: ReadonlySet<Kind> | undefined; passesAll: boolean; passes(event: Event): boolean } {
  if (text === undefined || text.trim() === "") return { kinds, passesAll: true, passes: () => true };
  const only = kinds?.size === 1 ? filterKinds.find((each) => kinds.has(each)) : undefined;
  const kind = kindOfFilter(text) ?? only ?? "vm";
  if (kinds && !kinds.has(kind))
    throw new PolyvisorError("badRequest", { detail: `the filter is about ${kind}s, which \`kinds\` leaves out`, where: "query filter" });
  const filter = filterOf(text, kind, "query filter");
  return {
    kinds: new Set([kind]),
    passesAll: false,
    passes: ({ object }) => object === undefined || object.kind === "task" || estate.fits(object, filter),
  };
}
