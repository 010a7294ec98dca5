import { useParams } from "@tanstack/react-router";
import type { EstateKind } from "../live/liveObject.ts";

/** Folder of a kind's pages. */
export const folderOf = { vm: "vms", host: "hosts", datastore: "datastores", network: "networks" } as const satisfies Record<EstateKind, string>;

/** Address of an object's page. */
export const objectPath = (kind: EstateKind, id: string, tab?: string): string =>
  `/${folderOf[kind]}/${encodeURIComponent(id)}${tab === undefined ? "" : `/${tab}`}`;

/** Address of a list under a filter. */
export const listPath = (kind: EstateKind, filter?: string): string => `/${folderOf[kind]}${filter ? `?${new URLSearchParams({ filter })}` : ""}`;

/** The tab that is open: another object that is chosen opens with the same one, where it has it. */
export function useTab(): string | undefined {
  return (useParams({ strict: false }) as { tab?: string }).tab;
}
