import { needs, routePaths, type Needs, type RouteName } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { EstateObject } from "../controlPlane.ts";
import type { Caller } from "../identity/tokenCache.ts";
import type { Access } from "./access.ts";
import type { Viewer } from "./viewer.ts";

/** What the gate looks at of a request. */
interface Passing {
  params: unknown;
  caller: Caller | undefined;
}

/**
 * The one place where the authorisation table is enforced, before anything else of a request is read. An object that
 * `:id` names is looked for among those that the caller sees, and named by its id from here on.
 * @returns what the caller may; nothing where anybody may ask
 * @throws PolyvisorError `notFound`, `ambiguous` or `forbidden`
 */
export function gate(access: Access, route: RouteName, request: Passing): Viewer | undefined {
  const row: Needs = needs[route];
  if (row.on === "nothing") return undefined;
  if (!request.caller) throw new Error(`${route} came to the gate without a caller`);
  const viewer = access.viewer(request.caller);
  if (row.on === "self" && request.caller.scope && routePaths[route][0] !== "GET")
    throw new PolyvisorError("forbidden", {
      detail: "a token with a scope changes nothing of the account that it is of",
      remedy: "Sign in yourself, or use a token without a scope.",
    });
  if (!("may" in row) || row.on === "each") return viewer;
  if (row.on === "site") {
    viewer.must(row.may);
    return viewer;
  }
  // Who sees everything also names what is gone: its past is there.
  if (viewer.seesAll && viewer.everywhere(row.may)) return viewer;
  const params = request.params as { id: string };
  const object: EstateObject = viewer.estate.find(row.on, params.id);
  viewer.must(row.may, object);
  params.id = object.id;
  return viewer;
}
