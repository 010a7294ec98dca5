import type { RequestInput } from "@polyvisor/api/client";
import { allowed, stateTable, verbs, type FeatureName, type LifecycleAction, type Permission } from "@polyvisor/model/tables";
import type { Host, Verb, Vm } from "@polyvisor/model";
import type { ComponentType } from "react";
import { t, type TextKey } from "../texts/texts.ts";

/** What a dialog of an action is given. It opens when it is drawn and ends by `close`. */
export interface VmDialogProps {
  vms: readonly Vm[];
  close: () => void;
}

/** Something that can be done with VMs: a button, an entry of menus and of the command palette. */
export interface VmAction {
  id: string;
  text: TextKey;
  /** Absent where Polyvisor does it by itself, as for tags: the host is not asked. */
  verb?: Verb;
  /** Row of the state table that decides, where another than the verb's. */
  lifecycle?: LifecycleAction;
  permission: Permission;
  icon: ComponentType;
  /** Entries of one group stand together, in this order of groups. */
  group: "power" | "state" | "snapshot" | "place" | "edit" | "end";
  /** Data or service is lost: it asks first and says what goes. */
  danger?: TextKey;
  /** Its dialog has a way for states that the state table does not allow. */
  anyState?: boolean;
  /** Further reasons against it on a VM. */
  against?: (vm: Vm) => string | undefined;
  /** Not for more than one VM at a time. */
  single?: boolean;
  /** What is asked of the server; absent where a dialog asks for more. */
  request?: (vms: string[]) => RequestInput;
  /** Loaded when it is opened. */
  dialog?: () => Promise<{ default: ComponentType<VmDialogProps> }>;
}

/** Why an action is not possible on a VM now, as an operator reads it; undefined where it is. */
export function reasonAgainst(action: VmAction, vm: Vm, host: Host | undefined, permissions: readonly string[] | undefined): string | undefined {
  if (permissions && !permissions.includes(action.permission)) return t("actions.noPermission", { permission: action.permission });
  const against = action.against?.(vm);
  if (against !== undefined || action.verb === undefined) return against;
  if (host && host.connection.state !== "connected") return t("actions.hostNotConnected", { host: host.name });
  const row = verbs[action.verb];
  const feature: FeatureName = action.verb === "vm.migrate" && stateTable[vm.state].active ? "vm.migrate.live" : row.feature;
  const has = host?.features[feature];
  if (has && !has.supported) return has.reason;
  const lifecycle = action.lifecycle ?? row.lifecycle;
  if (lifecycle && !action.anyState && !allowed(vm.state, lifecycle).ok) return stateReason(vm, lifecycle);
  return undefined;
}

/** The state table's own reason, in the language of the reader. */
function stateReason(vm: Vm, lifecycle: LifecycleAction): string {
  const where = (Object.keys(stateTable) as (keyof typeof stateTable)[]).filter((state) => stateTable[state].actions[lifecycle] !== undefined);
  const names = where.map((state) => t(`states.${state}.name`));
  return t("actions.notInState", { state: t(`states.${vm.state}.name`), states: new Intl.ListFormat(undefined, { type: "disjunction" }).format(names) });
}
