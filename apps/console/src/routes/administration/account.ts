import type { api } from "../../session/session.ts";

/** An account as who administers accounts sees it. */
export type KnownAccount = Awaited<ReturnType<typeof api.call<"accountShow">>>;

/** Address of an account's page. */
export const accountPath = (id: string): string => `/administration/accounts/${encodeURIComponent(id)}`;
/** Address of a group's page. */
export const groupPath = (id: string): string => `/administration/groups/${encodeURIComponent(id)}`;
