import { useState } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { ReasonButton } from "../../ui/ReasonButton.tsx";
import { EffectMark } from "../../access/EffectMark.tsx";
import { ScopeText } from "../../access/ScopeText.tsx";
import type { Grant } from "../../access/scope.ts";

/** Grants: all of them, those of accounts and groups, or those whose words are looked for. */
export function GrantTable({ subjects, words = "" }: { subjects?: readonly string[]; words?: string }) {
  const { t } = useTexts();
  const grants = useAnswer("grantList");
  const mine = usePermissions(undefined);
  const [taking, setTaking] = useState<Grant>();
  const lacking = mine !== undefined && !mine.includes("role.administer") ? t("actions.noPermission", { permission: "role.administer" }) : undefined;
  const fits = (grant: Grant): boolean =>
    (subjects === undefined || subjects.includes(grant.subject.id)) &&
    (words === "" ||
      JSON.stringify([grant.role, grant.subject.name, Object.values(grant.scope)])
        .toLowerCase()
        .includes(words.toLowerCase()));
  const take = async (id: string): Promise<void> => {
    await api.call("grantRemove", { params: { id } });
    await readAnew("grantList");
  };
  return (
    <>
      <Answered of={grants}>
        {({ items }) => (
          <PlainTable
            label={t("administration.grants")}
            rows={items.filter(fits)}
            keyOf={({ id }) => id}
            empty={t("administration.noGrants")}
            columns={[
              { text: "access.effect", cell: ({ effect }) => <EffectMark effect={effect} /> },
              { text: "access.role", cell: ({ role }) => <bdi>{role}</bdi> },
              {
                text: "access.whom",
                cell: ({ subject }) => (
                  <>
                    <span className="pv-quiet">{t(`access.${subject.kind}`)}</span> <bdi>{subject.name}</bdi>
                  </>
                ),
              },
              { text: "access.where", cell: ({ scope }) => <ScopeText scope={scope} /> },
              { text: "administration.madeBy", wide: true, cell: ({ by, createdAt }) => [by, " ", <Ago key="at" time={createdAt} />] },
            ]}
            actions={(grant) => (
              <ReasonButton
                variant="link"
                isInline
                isDanger
                reason={lacking ?? (grant.builtIn ? t("administration.builtInGrant") : undefined)}
                onClick={() => setTaking(grant)}
              >
                {t("administration.takeBack")}
              </ReasonButton>
            )}
          />
        )}
      </Answered>
      {taking && (
        <FormDialog
          danger
          title={t("administration.takeBackOne")}
          go={t("administration.takeBack")}
          submit={() => take(taking.id)}
          close={() => setTaking(undefined)}
        >
          <p>
            {t(taking.effect === "allow" ? "administration.takeBackDanger" : "administration.takeBackDenial", { name: taking.subject.name, role: taking.role })}
          </p>
        </FormDialog>
      )}
    </>
  );
}
