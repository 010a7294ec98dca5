import type { VmAction } from "../vmAction.ts";
import { editActions, endActions } from "./edit.ts";
import { powerActions } from "./power.ts";

/** Every action on VMs, in the order of menus. A further one is a file in this folder and a line here. */
export const vmActions: readonly VmAction[] = [
  ...powerActions.filter(({ group }) => group !== "end"),
  ...editActions,
  ...powerActions.filter(({ group }) => group === "end"),
  ...endActions,
];

/** One action by its id, for what offers a single one of them. */
export const vmActionById = (id: string): VmAction | undefined => vmActions.find((each) => each.id === id);
