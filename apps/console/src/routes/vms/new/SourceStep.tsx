import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Radio } from "@patternfly/react-core/dist/esm/components/Radio";
import { useId } from "react";
import { usePermissions } from "../../../actions/usePermissions.ts";
import { TextField } from "../../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../../live/useAnswer.ts";
import { tellFailure } from "../../../shell/toasts.ts";
import { startTask } from "../../../tasks/startTask.ts";
import { useTexts } from "../../../texts/texts.ts";
import { Answered } from "../../../ui/Answered.tsx";
import { useVolumes } from "../volumes.ts";
import type { Source } from "./newVm.ts";
import type { StepProps } from "./stepProps.ts";

const sources: readonly Source[] = ["template", "iso", "network", "disk"];

/** What the VM is called and made of. */
export function SourceStep({ vm, set, help }: StepProps) {
  const { t } = useTexts();
  const id = useId();
  const { volumes } = useVolumes(vm.host === "" ? undefined : vm.host);
  return (
    <>
      <TextField label={t("fields.name")} value={vm.name} onChange={(name) => set({ name })} required autoFocus maxLength={255} help={help("name")} />
      <TextField label={t("fields.title")} value={vm.title} onChange={(title) => set({ title })} maxLength={1024} />
      <fieldset className="pv-choices">
        <legend>{t("orders.create.source")}</legend>
        {sources.map((each) => (
          <Radio
            key={each}
            id={`${id}-${each}`}
            name="source"
            label={t(`orders.create.sources.${each}`)}
            description={t(`orders.create.sourceMeans.${each}`)}
            isChecked={vm.source === each}
            onChange={() => set({ source: each })}
          />
        ))}
      </fieldset>
      {vm.source === "template" && <Templates chosen={vm.template} choose={(template) => set({ template })} fault={help("template")} />}
      {vm.source === "iso" && (
        <TextField
          label={t("orders.create.iso")}
          value={vm.iso}
          onChange={(iso) => set({ iso })}
          required
          offers={volumes("medium")}
          help={help("iso") || t("orders.hardware.sourceHelp")}
        />
      )}
      {vm.source === "disk" && (
        <TextField
          label={t("orders.create.disk")}
          value={vm.disk}
          onChange={(disk) => set({ disk })}
          required
          offers={volumes("disk")}
          help={help("disk") || t("orders.hardware.sourceHelp")}
        />
      )}
    </>
  );
}

function Templates({ chosen, choose, fault }: { chosen: string; choose: (name: string) => void; fault: string }) {
  const { t } = useTexts();
  const id = useId();
  const templates = useAnswer("templateList");
  const may = usePermissions(undefined)?.includes("template.build") ?? false;
  const build = async (template: string): Promise<void> => {
    await startTask({ do: "template.build", template });
  };
  return (
    <Answered of={templates}>
      {({ items }) => (
        <fieldset className="pv-choices">
          <legend>{t("orders.create.template")}</legend>
          {items.map((each) => (
            <div key={each.name} className="pv-choice">
              <Radio
                id={`${id}-${each.name}`}
                name="template"
                label={<bdi>{each.name}</bdi>}
                description={each.built ? each.description : `${each.description} ${t("orders.create.notBuilt")}`}
                isChecked={chosen === each.name}
                isDisabled={!each.built}
                onChange={() => choose(each.name)}
              />
              {!each.built && may && (
                <Button size="sm" variant="secondary" onClick={() => tellFailure(build(each.name))}>
                  {t("orders.create.build", { name: each.name })}
                </Button>
              )}
            </div>
          ))}
          {items.length === 0 && <p>{t("orders.create.noTemplate")}</p>}
          {items.some(({ built }) => !built) && (
            <Button size="sm" variant="link" isInline onClick={() => void readAnew("templateList")}>
              {t("orders.create.lookAgain")}
            </Button>
          )}
          {fault !== "" && <p className="pv-fault">{fault}</p>}
        </fieldset>
      )}
    </Answered>
  );
}
