import type { ComponentType } from "react";

/** A page of the console: a path and what is loaded for it. */
export interface Page {
  /** As TanStack Router reads it: `/vms/$id/{-$tab}`. */
  path: string;
  load: () => Promise<{ default: ComponentType }>;
}
