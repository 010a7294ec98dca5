import type { Vm } from "@polyvisor/model";
import { stateTable, type FeatureName } from "@polyvisor/model/tables";
import { useState } from "react";
import { useObject } from "../../../live/useLive.ts";
import { useTexts } from "../../../texts/texts.ts";

export type Apply = "now" | "nextStart" | "both";

interface ApplyChoice {
  value: Apply;
  set: (value: Apply) => void;
  options: (readonly [Apply, string])[];
  /** Why it cannot be done on the running VM. */
  reason: string | undefined;
}

/**
 * When a change takes effect: now, at the next start, or both, as far as the VM's state and its host allow.
 * @param nextOnly why a running VM cannot take it at all
 */
export function useApply(vm: Vm, feature: FeatureName, nextOnly?: string): ApplyChoice {
  const { t } = useTexts();
  const host = useObject("host", vm.hostId);
  const [wish, setWish] = useState<Apply>("both");
  const can = host.state === "here" ? host.object.features[feature] : undefined;
  const { active } = stateTable[vm.state];
  const reason = !active ? t("orders.apply.off") : (nextOnly ?? (can?.supported === false ? can.reason : undefined));
  const allowed: Apply[] = reason === undefined ? (vm.persistent ? ["both", "now", "nextStart"] : ["now"]) : ["nextStart"];
  const value = allowed.includes(wish) ? wish : allowed[0]!;
  return { value, set: setWish, reason, options: allowed.map((each) => [each, t(`orders.apply.${each}`)] as const) };
}
