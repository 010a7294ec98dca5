import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import type { Vm } from "@polyvisor/model";
import { runVmAction } from "../../actions/runVmAction.ts";
import { vmActions } from "../../actions/vm/actions.ts";
import { reasonAgainst, type VmAction } from "../../actions/vmAction.ts";
import { live } from "../../live/live.ts";
import { tellFailure } from "../../shell/toasts.ts";
import { startTask } from "../../tasks/startTask.ts";
import type { Selection } from "../../table/selection.ts";
import { useTexts } from "../../texts/texts.ts";

/** What can be done with the chosen VMs. The server answers for each of them, and what fails is named. */
export function VmBulkBar({ selection, total, filter }: { selection: Selection; total: number; filter: string }) {
  const { t } = useTexts();
  const count = selection.count(total);
  const known = [...selection.ids].flatMap((id) => live.object<"vm">(id) ?? []);
  const possible = (action: VmAction): Vm[] => known.filter((vm) => reasonAgainst(action, vm, live.object<"host">(vm.hostId), undefined) === undefined);
  const run = (action: VmAction): void => {
    if (!selection.all) return tellFailure(runVmAction(action, possible(action)));
    const { vms: _, ...rest } = action.request!([]) as { do: string; vms: string[] };
    tellFailure(startTask({ ...rest, select: filter === "" ? "name = *" : filter } as never));
  };
  return (
    <div className="pv-bulk" role="toolbar" aria-label={t("table.bulk")}>
      <strong>{t("table.chosen", { count })}</strong>
      {vmActions
        .filter(({ single, danger, dialog }) => !single && (!selection.all || (danger === undefined && dialog === undefined)))
        .map((action) => {
          const able = selection.all ? count : possible(action).length;
          if (able === 0) return null;
          const Icon = action.icon;
          return (
            <Button key={action.id} size="sm" variant={action.danger === undefined ? "secondary" : "danger"} icon={<Icon />} onClick={() => run(action)}>
              {t(action.text)}
              {able < count ? ` (${able})` : ""}
            </Button>
          );
        })}
      <Button size="sm" variant="link" onClick={selection.clear}>
        {t("table.clear")}
      </Button>
    </div>
  );
}
