import { needs, type Needs, type RouteName } from "@polyvisor/api";
import type { EstateObject } from "../controlPlane.ts";
import type { Caller } from "../identity/tokenCache.ts";
import type { Access } from "./access.ts";
import type { Viewer } from "./viewer.ts";

/** What the gate looks at and fills in. */
interface Passing {
  params: unknown;
  caller: Caller | undefined;
  viewer?: Viewer | undefined;
}

/**
 * The one place where the authorisation table is enforced. An object that `:id` names is looked for among those that
 * the caller sees, and named by its id from here on.
 * @throws PolyvisorError `notFound`, `ambiguous` or `forbidden`
 */
export function gate(access: Access, route: RouteName, call: Passing): void {
  const row: Needs = needs[route];
  if (row.on === "nothing") return;
  if (!call.caller) throw new Error(`${route} came to the gate without a caller`);
  const viewer = (call.viewer = access.viewer(call.caller));
  if (!("may" in row) || row.on === "each") return;
  if (row.on === "site") return viewer.must(row.may);
  // Who sees everything also names what is gone: its past is there.
  if (viewer.seesAll && viewer.everywhere(row.may)) return;
  const params = call.params as { id: string };
  const object: EstateObject = viewer.estate.find(row.on, params.id);
  viewer.must(row.may, object);
  params.id = object.id;
}
