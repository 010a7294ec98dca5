import { Label, LabelGroup } from "@patternfly/react-core/dist/esm/components/Label";
import { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { tellFailure } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";
import { Card } from "../../ui/Card.tsx";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { groupPath, type KnownAccount } from "./account.ts";

/** The groups of an account. Those of an identity provider are changed there. */
export function AccountGroups({ account }: { account: KnownAccount }) {
  const { t } = useTexts();
  const groups = useAnswer("groupList");
  const others = (groups.data?.items ?? []).filter(({ id }) => !account.groups.some((group) => group.id === id));
  const change = (route: "memberAdd" | "memberRemove", id: string): void =>
    tellFailure(api.call(route, { params: { id, account: account.id } }).then(() => readAnew("accountShow", "accountList", "groupList", "groupGet")));
  return (
    <Card title={t("administration.groups")}>
      {account.groups.length === 0 && <p className="pv-quiet">{t("administration.noGroups")}</p>}
      <LabelGroup aria-label={t("administration.groups")} numLabels={50}>
        {account.groups.map(({ id, name, via }) => (
          <Label
            key={`${id} ${via}`}
            isCompact
            {...(via === "local" ? { onClose: () => change("memberRemove", id), closeBtnAriaLabel: t("administration.takeOut", { name }) } : {})}
          >
            <ConsoleLink to={groupPath(id)}>
              <bdi>{via === "local" ? name : t("administration.via", { name, provider: via })}</bdi>
            </ConsoleLink>
          </Label>
        ))}
      </LabelGroup>
      {others.length > 0 && (
        <div className="pv-inline-form">
          <FormSelect aria-label={t("administration.putInto")} value="" onChange={(_, id) => id !== "" && change("memberAdd", id)}>
            <FormSelectOption value="" label={t("administration.putInto")} isPlaceholder />
            {others.map(({ id, name }) => (
              <FormSelectOption key={id} value={id} label={name} />
            ))}
          </FormSelect>
        </div>
      )}
    </Card>
  );
}
