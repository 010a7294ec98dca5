import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Label } from "@patternfly/react-core/dist/esm/components/Label";
import { useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api, session } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { PlainTable, type PlainColumn } from "../../ui/PlainTable.tsx";
import { browserName } from "./browserName.ts";

type Session = Awaited<ReturnType<typeof api.call<"sessionList">>>["items"][number];

/** Open sessions, and the way to end one: one's own, an account's, or everybody's. */
export function SessionTable({ account, all = false }: { account?: string; all?: boolean }) {
  const { t } = useTexts();
  const sessions = useAnswer("sessionList", { query: all ? { all: "true" } : account === undefined ? {} : { account } });
  const [ending, setEnding] = useState<Session>();
  const end = async ({ id, current }: Session): Promise<void> => {
    await api.call("sessionRevoke", { params: { id } });
    if (current) return session.leave();
    await readAnew("sessionList");
  };
  const owner: PlainColumn<Session>[] = all ? [{ text: "administration.account", cell: (each) => <bdi>{each.account}</bdi> }] : [];
  return (
    <>
      <Answered of={sessions}>
        {({ items }) => (
          <PlainTable
            label={t("administration.openSessions")}
            rows={items}
            keyOf={({ id }) => id}
            empty={t("administration.noSessions")}
            columns={[
              ...owner,
              {
                text: "administration.client",
                cell: (each) => (
                  <>
                    <span title={each.client}>{browserName(each.client) ?? t("administration.unknownClient")}</span>{" "}
                    {each.current && <Label isCompact>{t("administration.thisOne")}</Label>}
                  </>
                ),
              },
              { text: "administration.address", cell: (each) => <code>{each.lastAddress ?? each.address ?? ""}</code> },
              { text: "administration.signedInBy", wide: true, cell: ({ by }) => by ?? "" },
              { text: "administration.begun", wide: true, cell: ({ createdAt }) => <Ago time={createdAt} /> },
              { text: "administration.lastUsed", wide: true, cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? "" : <Ago time={lastUsedAt} />) },
            ]}
            actions={(each) => (
              <Button variant="link" isInline isDanger onClick={() => setEnding(each)}>
                {each.current ? t("signIn.leave") : t("administration.end")}
              </Button>
            )}
          />
        )}
      </Answered>
      {ending && (
        <FormDialog danger title={t("administration.endSession")} go={t("administration.end")} submit={() => end(ending)} close={() => setEnding(undefined)}>
          <p>{t("administration.endSessionDanger", { account: ending.account, address: ending.lastAddress ?? ending.address ?? "" })}</p>
        </FormDialog>
      )}
    </>
  );
}
