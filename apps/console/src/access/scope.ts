import type { api } from "../session/session.ts";

/** A grant as the API tells it. */
export type Grant = Awaited<ReturnType<typeof api.call<"grantList">>>["items"][number];
/** Where a grant holds. */
export type Scope = Grant["scope"];
/** Why something is allowed or not. */
export type Why = Awaited<ReturnType<typeof api.call<"permissionWhy">>>;
