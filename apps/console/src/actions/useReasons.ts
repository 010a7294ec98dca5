import type { Vm } from "@polyvisor/model";
import { useObject } from "../live/useLive.ts";
import { usePermissions } from "./usePermissions.ts";
import { reasonAgainst, type VmAction } from "./vmAction.ts";

/** Why something cannot be done with a VM now, for buttons that stand beside what they change. */
export function useReasons(vm: Vm): (action: Pick<VmAction, "verb" | "permission" | "lifecycle">) => string | undefined {
  const host = useObject("host", vm.hostId);
  const permissions = usePermissions(vm.id);
  return (action) => reasonAgainst(action as VmAction, vm, host.state === "here" ? host.object : undefined, permissions);
}
