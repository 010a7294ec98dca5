import type { Page } from "./page.ts";

/** Every page. A further one is a file in the folder of its path and a line here. */
export const pages: readonly Page[] = [
  { path: "/vms", load: () => import("./vms/VmList.tsx") },
  { path: "/vms/$id/{-$tab}", load: () => import("./vms/VmPage.tsx") },
  { path: "/hosts", load: () => import("./hosts/HostList.tsx") },
  { path: "/hosts/$id/{-$tab}", load: () => import("./hosts/HostPage.tsx") },
  { path: "/datastores", load: () => import("./datastores/DatastoreList.tsx") },
  { path: "/datastores/$id/{-$tab}", load: () => import("./datastores/DatastorePage.tsx") },
  { path: "/networks", load: () => import("./networks/NetworkList.tsx") },
  { path: "/networks/$id/{-$tab}", load: () => import("./networks/NetworkPage.tsx") },
  { path: "/tasks", load: () => import("./tasks/TaskList.tsx") },
  { path: "/tasks/$id", load: () => import("./tasks/TaskPage.tsx") },
  { path: "/events", load: () => import("./events/EventsPage.tsx") },
  { path: "/audit-log", load: () => import("./auditLog/AuditLogPage.tsx") },
  { path: "/window/vms/$id/console", load: () => import("./window/ConsoleWindow.tsx") },
];
