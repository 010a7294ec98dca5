import type { Texts } from "../shape.ts";
import { actions } from "./actions.ts";
import { consoles } from "./consoles.ts";
import { tasks } from "./tasks.ts";
import { events } from "./events.ts";
import { auditLog } from "./auditLog.ts";
import { fields } from "./fields.ts";
import { orders } from "./orders.ts";
import { preferences } from "./preferences.ts";
import { shell } from "./shell.ts";
import { signIn } from "./signIn.ts";
import { states } from "./states.ts";
import { table } from "./table.ts";
import { times } from "./times.ts";
import { tree } from "./tree.ts";
import { vms } from "./vms.ts";
import { objects } from "./objects.ts";
import { access } from "./access.ts";
import { addHost } from "./addHost.ts";
import { administration } from "./administration.ts";
import { hostActions } from "./hostActions.ts";
import { profile } from "./profile.ts";

/** German. Each area is a file, so that who writes one does not meet who writes another. */
export const de: Texts = {
  auditLog,
  events,
  tasks,
  access,
  addHost,
  administration,
  hostActions,
  profile,
  consoles,
  actions,
  fields,
  objects,
  orders,
  preferences,
  shell,
  signIn,
  states,
  table,
  times,
  tree,
  vms,
};
