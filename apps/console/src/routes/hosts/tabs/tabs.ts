import type { Tab } from "../../../objects/tab.ts";

/** Tabs of a host, in their order. A further one is a file in this folder and a line here. */
export const hostTabs: readonly Tab<"host">[] = [
  { id: "summary", text: "objects.summary", load: () => import("./SummaryTab.tsx") },
  { id: "events", text: "events.tab", load: () => import("../../../history/EventsTab.tsx") },
  { id: "tasks", text: "tasks.title", load: () => import("../../../tasks/TasksTab.tsx") },
  { id: "permissions", text: "access.tab", load: () => import("../../../access/PermissionsTab.tsx") },
];
