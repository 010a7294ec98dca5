import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Divider } from "@patternfly/react-core/dist/esm/components/Divider";
import { Dropdown, DropdownItem, DropdownList } from "@patternfly/react-core/dist/esm/components/Dropdown";
import { MenuToggle } from "@patternfly/react-core/dist/esm/components/MenuToggle";
import { Tooltip } from "@patternfly/react-core/dist/esm/components/Tooltip";
import type { Vm } from "@polyvisor/model";
import { Fragment, useState } from "react";
import { runVmAction } from "../../actions/runVmAction.ts";
import { usePermissions } from "../../actions/usePermissions.ts";
import { vmActions } from "../../actions/vm/actions.ts";
import { reasonAgainst } from "../../actions/vmAction.ts";
import { useObject } from "../../live/useLive.ts";
import { tellFailure } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";

/** What is wanted of a VM that is paused, asleep or saved. */
const backAgain: ReadonlySet<string> = new Set(["unpause", "wake", "restore"]);

/** Buttons of a VM: those of power in sight, all others in a menu. One that is not possible says why. */
export function VmActionBar({ vm }: { vm: Vm }) {
  const { t } = useTexts();
  const host = useObject("host", vm.hostId);
  const permissions = usePermissions(vm.id);
  const [open, setOpen] = useState(false);
  const reasons = new Map(vmActions.map((action) => [action.id, reasonAgainst(action, vm, host.state === "here" ? host.object : undefined, permissions)]));
  const possible = (id: string): boolean => reasons.get(id) === undefined;
  // Power always stands in sight; what brings a VM back that sleeps or stands still does where it can.
  const inSight = vmActions.filter(({ id, group }) => group === "power" || (backAgain.has(id) && possible(id)));
  const rest = vmActions.filter((action) => !inSight.includes(action));
  return (
    <>
      {inSight.map((action) => {
        const Icon = action.icon;
        const reason = reasons.get(action.id);
        const button = (
          <Button size="sm" variant="secondary" icon={<Icon />} isAriaDisabled={reason !== undefined} onClick={() => tellFailure(runVmAction(action, [vm]))}>
            {t(action.text)}
          </Button>
        );
        return reason === undefined ? (
          <Fragment key={action.id}>{button}</Fragment>
        ) : (
          <Tooltip key={action.id} content={reason}>
            {button}
          </Tooltip>
        );
      })}
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        popperProps={{ position: "right" }}
        toggle={(ref) => (
          <MenuToggle ref={ref} size="sm" isExpanded={open} onClick={() => setOpen(!open)}>
            {t("actions.more")}
          </MenuToggle>
        )}
      >
        <DropdownList>
          {rest.map((action, index) => {
            const Icon = action.icon;
            const reason = reasons.get(action.id);
            return (
              <Fragment key={action.id}>
                {index > 0 && rest[index - 1]!.group !== action.group && <Divider />}
                <DropdownItem
                  icon={<Icon />}
                  isAriaDisabled={reason !== undefined}
                  isDanger={action.danger !== undefined && reason === undefined}
                  {...(reason === undefined ? {} : { tooltipProps: { content: reason } })}
                  onClick={() => tellFailure(runVmAction(action, [vm]))}
                >
                  {t(action.text)}
                </DropdownItem>
              </Fragment>
            );
          })}
        </DropdownList>
      </Dropdown>
    </>
  );
}
