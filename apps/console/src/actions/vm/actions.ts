import type { VmAction } from "../vmAction.ts";
import { powerActions } from "./power.ts";

/** Every action on VMs, in the order of menus. A further one is a file in this folder and a line here. */
export const vmActions: readonly VmAction[] = [...powerActions];

/** One action by its id, for what offers a single one of them. */
export const vmActionById = (id: string): VmAction | undefined => vmActions.find((each) => each.id === id);
