import type { Host, Vm } from "@polyvisor/model";
import { t } from "../texts/texts.ts";

/** A console of a VM that can be shown, and by what. */
export interface ShownConsole {
  alias: string;
  kind: "text" | "graphical";
  label: string;
  /** Why it cannot be shown here. */
  reason?: string;
}

/** Every console of a VM, those that can be shown first: screens, then lines. */
export function consolesOf(vm: Vm, host: Host | undefined): ShownConsole[] {
  const found = vm.consoles.map(({ kind, alias }): ShownConsole => {
    const graphical = kind === "vnc" || kind === "spice" || kind === "other";
    const feature = host?.features[graphical ? "vm.console.graphical" : "vm.console.serial"];
    const reason = kind === "spice" || kind === "other" ? t("consoles.notVnc", { kind }) : feature && !feature.supported ? feature.reason : undefined;
    const label = graphical ? t("consoles.graphical") : t("consoles.serial");
    return { alias, kind: graphical ? "graphical" : "text", label, ...(reason === undefined ? {} : { reason }) };
  });
  const rank = ({ kind, reason }: ShownConsole): number => (reason === undefined ? 0 : 2) + (kind === "graphical" ? 0 : 1);
  found.sort((a, b) => rank(a) - rank(b));
  const count = new Map<string, number>();
  for (const each of found) {
    const n = (count.get(each.label) ?? 0) + 1;
    count.set(each.label, n);
    if (n > 1) each.label = `${each.label} ${n}`;
  }
  return found;
}
