import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { dateText } from "../../ui/times.ts";
import { AdminPage } from "../administration/AdminPage.tsx";
import { NewToken } from "./NewToken.tsx";

type Token = Awaited<ReturnType<typeof api.call<"tokenList">>>["items"][number];

/** API tokens of one's own, for programs. */
export default function TokensPage() {
  const { t } = useTexts();
  const tokens = useAnswer("tokenList");
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<Token>();
  const end = async ({ id }: Token): Promise<void> => {
    await api.call("tokenDelete", { params: { id } });
    await readAnew("tokenList");
  };
  const scopeText = ({ scope }: Token): string =>
    scope === undefined ? t("profile.mayAll") : typeof scope.may === "string" ? t(`profile.levels.${scope.may}`) : scope.may.join(", ");
  return (
    <AdminPage title={t("profile.tokens")} lead={t("profile.tokensLead")} actions={<Button onClick={() => setMaking(true)}>{t("profile.newToken")}</Button>}>
      <Answered of={tokens}>
        {({ items }) => (
          <PlainTable
            label={t("profile.tokens")}
            rows={items}
            keyOf={({ id }) => id}
            empty={t("profile.noTokens")}
            columns={[
              { text: "fields.name", cell: ({ name }) => <bdi>{name}</bdi> },
              {
                text: "profile.may",
                wide: true,
                cell: (token) => (
                  <>
                    {scopeText(token)} {token.scope?.filter !== undefined && <code>{token.scope.filter}</code>}
                  </>
                ),
              },
              { text: "administration.made", wide: true, cell: ({ createdAt }) => <Ago time={createdAt} /> },
              { text: "administration.lastUsed", cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? t("administration.never") : <Ago time={lastUsedAt} />) },
              { text: "profile.until", cell: ({ expiresAt }) => (expiresAt === undefined ? t("profile.noEnd") : dateText(expiresAt)) },
            ]}
            actions={(token) => (
              <Button variant="link" isInline isDanger onClick={() => setEnding(token)} aria-label={`${t("profile.revoke")}: ${token.name}`}>
                {t("profile.revoke")}
              </Button>
            )}
          />
        )}
      </Answered>
      {making && <NewToken close={() => setMaking(false)} />}
      {ending && (
        <FormDialog
          danger
          title={t("profile.revokeOne", { name: ending.name })}
          go={t("profile.revoke")}
          submit={() => end(ending)}
          close={() => setEnding(undefined)}
        >
          <p>{t("profile.revokeDanger")}</p>
        </FormDialog>
      )}
    </AdminPage>
  );
}
