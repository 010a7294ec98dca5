import type { Tab } from "../../../objects/tab.ts";

/** Tabs of a VM, in their order. A further one is a file in this folder and a line here. */
export const vmTabs: readonly Tab<"vm">[] = [
  { id: "summary", text: "objects.summary", load: () => import("./SummaryTab.tsx") },
  { id: "console", text: "consoles.tab", load: () => import("./ConsoleTab.tsx") },
  { id: "events", text: "events.tab", load: () => import("../../../history/EventsTab.tsx") },
  { id: "tasks", text: "tasks.title", load: () => import("../../../tasks/TasksTab.tsx") },
  { id: "hardware", text: "orders.hardware.tab", load: () => import("./HardwareTab.tsx") },
  { id: "snapshots", text: "fields.snapshots", load: () => import("./SnapshotsTab.tsx") },
  { id: "permissions", text: "access.tab", load: () => import("../../../access/PermissionsTab.tsx") },
];
