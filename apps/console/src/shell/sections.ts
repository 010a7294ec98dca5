import type { TextKey } from "../texts/texts.ts";

/** Lists that the bar on top leads to. */
export const sections = [
  { path: "/vms", text: "vms.title" },
  { path: "/hosts", text: "objects.hosts" },
  { path: "/datastores", text: "objects.datastores" },
  { path: "/networks", text: "objects.networks" },
  { path: "/tasks", text: "tasks.title" },
  { path: "/events", text: "events.title" },
] as const satisfies { path: string; text: TextKey }[];
