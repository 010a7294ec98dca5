import type { RequestInput } from "@polyvisor/api/client";
import type { Vm } from "@polyvisor/model";
import { usePlan } from "../../../orders/usePlan.ts";
import { useTexts } from "../../../texts/texts.ts";

/** Every disk of the VMs: whether it goes for good or stays. What goes is what the plan names, nothing else. */
export function DiskFate({ request, revisions, vms }: { request: RequestInput; revisions: string; vms: readonly Vm[] }) {
  const { t } = useTexts();
  const { plan } = usePlan(request, revisions);
  if (plan === undefined) return null;
  const goes = plan.steps.flatMap(({ action }) => (action.verb === "vm.delete" ? action.volumes : []));
  const gone = new Set(goes);
  const stays = vms.flatMap((vm) => vm.disks.flatMap(({ source }) => (source === undefined || gone.has(source) ? [] : [source])));
  return (
    <div className="pv-fates">
      <section aria-label={t("orders.delete.goes")} data-fate="goes">
        <h2>{t("orders.delete.goes")}</h2>
        {goes.length === 0 ? (
          <p>{t("orders.delete.nothingGoes")}</p>
        ) : (
          <ul>
            {goes.map((path) => (
              <li key={path}>
                <code>{path}</code>
              </li>
            ))}
          </ul>
        )}
      </section>
      {stays.length > 0 && (
        <section aria-label={t("orders.delete.stays")} data-fate="stays">
          <h2>{t("orders.delete.stays")}</h2>
          <ul>
            {[...new Set(stays)].map((path) => (
              <li key={path}>
                <code>{path}</code>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
