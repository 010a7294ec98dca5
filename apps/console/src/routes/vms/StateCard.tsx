import type { Vm } from "@polyvisor/model";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Card } from "../../ui/Card.tsx";
import { StateMark } from "../../ui/StateMark.tsx";

/** A VM's state explained: what it means, since when and why, what it does not mean, and what to do. */
export function StateCard({ vm }: { vm: Vm }) {
  const { t, has } = useTexts();
  const reasonKey = `states.reasons.${vm.reason}`;
  const reason = has(reasonKey) ? t(reasonKey) : vm.reason;
  const pending = vm.pending.map((each) => {
    const key = `vms.pendings.${each}`;
    return has(key) ? t(key) : each;
  });
  return (
    <Card title={t("fields.state")}>
      <p className="pv-state-line">
        <StateMark state={vm.state} /> <Ago time={vm.stateSince} />
      </p>
      <p>{t(`states.${vm.state}.means`)}</p>
      {vm.reason !== "unknown" && <p>{t("states.why", { reason })}</p>}
      <p className="pv-quiet">{t(`states.${vm.state}.doesNotMean`)}</p>
      <p>{t(`states.${vm.state}.next`)}</p>
      {vm.acceleration === "emulated" && <p>{t("vms.emulated")}</p>}
      {pending.length > 0 && <p>{t("vms.pending", { what: pending.join(", ") })}</p>}
      {!vm.persistent && <p>{t("vms.transient")}</p>}
    </Card>
  );
}
