import type { VmAction } from "../vmAction.ts";
import { powerActions } from "./power.ts";

/** Every action on VMs, in the order of menus. A further one is a file in this folder and a line here. */
export const vmActions: readonly VmAction[] = [...powerActions];
