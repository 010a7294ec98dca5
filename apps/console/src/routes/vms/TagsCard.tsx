import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Label, LabelGroup } from "@patternfly/react-core/dist/esm/components/Label";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput";
import type { Vm } from "@polyvisor/model";
import { quoteName } from "@polyvisor/api/client";
import { useState, type FormEvent } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { tellFailure } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";
import { Card } from "../../ui/Card.tsx";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { listPath } from "../links.ts";
import { changeVm } from "./changeVm.ts";

/** Tags of a VM: each leads to all VMs that have it. */
export function TagsCard({ vm }: { vm: Vm }) {
  const { t } = useTexts();
  const permissions = usePermissions(vm.id);
  const [fresh, setFresh] = useState("");
  const may = permissions?.includes("vm.organise") ?? false;
  const add = (event: FormEvent): void => {
    event.preventDefault();
    const tag = fresh.trim();
    if (tag === "" || vm.tags.includes(tag)) return setFresh("");
    tellFailure(changeVm(vm, { tags: [...vm.tags, tag] }).then(() => setFresh("")));
  };
  return (
    <Card title={t("fields.tags")}>
      {vm.tags.length === 0 && <p className="pv-quiet">{t("vms.noTags")}</p>}
      <LabelGroup aria-label={t("fields.tags")} numLabels={30}>
        {vm.tags.map((tag) => (
          <Label
            key={tag}
            isCompact
            {...(may
              ? { onClose: () => tellFailure(changeVm(vm, { tags: vm.tags.filter((each) => each !== tag) })), closeBtnAriaLabel: t("vms.removeTag", { tag }) }
              : {})}
          >
            <ConsoleLink to={listPath("vm", `tag = ${quoteName(tag)}`)}>
              <bdi>{tag}</bdi>
            </ConsoleLink>
          </Label>
        ))}
      </LabelGroup>
      {may && (
        <form className="pv-inline-form" onSubmit={add}>
          <TextInput aria-label={t("vms.newTag")} placeholder={t("vms.newTag")} maxLength={128} value={fresh} onChange={(_, value) => setFresh(value)} />
          <Button type="submit" variant="secondary" isDisabled={fresh.trim() === ""}>
            {t("shell.add")}
          </Button>
        </form>
      )}
    </Card>
  );
}
