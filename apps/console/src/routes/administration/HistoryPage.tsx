import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { formatBytes } from "@polyvisor/model/tables";
import { useState, type FormEvent } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { toasts } from "../../shell/toasts.ts";
import { locale, useTexts } from "../../texts/texts.ts";
import { Answered } from "../../ui/Answered.tsx";
import { Card } from "../../ui/Card.tsx";
import { Failure } from "../../ui/Failure.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { ReasonButton } from "../../ui/ReasonButton.tsx";
import { dateText } from "../../ui/times.ts";
import { AdminPage } from "./AdminPage.tsx";

type Retention = Awaited<ReturnType<typeof api.call<"historyRetentionGet">>>;
const kinds = ["vm", "host", "datastore", "network", "task"] as const;
const gib = 1024 ** 3;

/** How long the past is kept, and what it takes. */
export default function HistoryPage() {
  const { t } = useTexts();
  const retention = useAnswer("historyRetentionGet");
  const storage = useAnswer("historyStorage");
  const samples = useAnswer("sampleStorage");
  const count = (n: number): string => new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(n);
  return (
    <AdminPage title={t("administration.retention")} lead={t("administration.retentionLead")}>
      <div className="pv-cards">
        <Card title={t("administration.keepFor")} wide>
          <Answered of={retention}>{(kept) => <RetentionForm key={kept.revision} kept={kept} />}</Answered>
        </Card>
        <Card title={t("administration.historyTakes")} wide>
          <Answered of={storage}>
            {({ kinds: rows, total, disk }) => (
              <>
                <PlainTable
                  label={t("administration.historyTakes")}
                  rows={rows}
                  keyOf={({ kind }) => kind}
                  empty=""
                  columns={[
                    { text: "administration.kind", cell: ({ kind }) => (kind === "task" ? t("administration.tasks") : t(`objects.lists.${kind as "vm"}`)) },
                    { text: "administration.changes", align: "end", cell: (row) => count(row.rows) },
                    { text: "administration.takes", align: "end", cell: ({ bytes }) => formatBytes(bytes) },
                    { text: "administration.perDay", align: "end", wide: true, cell: ({ perDay }) => formatBytes(perDay) },
                    { text: "administration.willTake", align: "end", wide: true, cell: ({ projected }) => formatBytes(projected) },
                    { text: "administration.completeSince", wide: true, cell: ({ since }) => dateText(since) },
                  ]}
                />
                <p>{t("administration.historyTotal", { rows: count(total.rows), bytes: formatBytes(total.bytes), disk: formatBytes(disk) })}</p>
              </>
            )}
          </Answered>
        </Card>
        <Card title={t("administration.samplesTake")} wide>
          <Answered of={samples}>
            {({ tiers, interval, objects }) => (
              <>
                <PlainTable
                  label={t("administration.samplesTake")}
                  rows={tiers}
                  keyOf={({ name }) => name}
                  empty=""
                  columns={[
                    { text: "administration.step", cell: ({ name }) => name },
                    { text: "administration.keptDays", align: "end", cell: ({ keepDays }) => count(keepDays) },
                    { text: "administration.takes", align: "end", cell: ({ bytes }) => formatBytes(bytes) },
                    { text: "administration.willTake", align: "end", wide: true, cell: ({ bytesExpected }) => formatBytes(bytesExpected) },
                  ]}
                />
                <p>{t("administration.samplesTotal", { interval, objects: count(objects) })}</p>
              </>
            )}
          </Answered>
        </Card>
      </div>
    </AdminPage>
  );
}

function RetentionForm({ kept }: { kept: Retention }) {
  const { t } = useTexts();
  const mine = usePermissions(undefined);
  const [days, setDays] = useState<Record<string, string>>(Object.fromEntries(kinds.map((kind) => [kind, String(kept.days[kind])])));
  const [most, setMost] = useState(kept.maxBytes === 0 ? "" : String(kept.maxBytes / gib));
  const [failure, setFailure] = useState<unknown>();
  const lacking = mine !== undefined && !mine.includes("server.administer") ? t("actions.noPermission", { permission: "server.administer" }) : undefined;
  const shorter = kinds.some((kind) => Number(days[kind]) < kept.days[kind]);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (lacking !== undefined) return;
    setFailure(undefined);
    try {
      const body = {
        days: Object.fromEntries(kinds.map((kind) => [kind, Number(days[kind])])),
        maxBytes: most.trim() === "" ? 0 : Math.round(Number(most) * gib),
      };
      await api.call("historyRetentionSet", { body, ifMatch: `"${kept.revision}"` });
      toasts.add({ text: t("administration.retentionSet") });
      await readAnew("historyRetentionGet", "historyStorage");
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <div className="pv-fields">
        {kinds.map((kind) => (
          <TextField
            key={kind}
            label={t("administration.daysOf", { kind: kind === "task" ? t("administration.tasks") : t(`objects.lists.${kind}`) })}
            type="number"
            value={days[kind]!}
            onChange={(value) => setDays({ ...days, [kind]: value })}
            required
          />
        ))}
        <TextField label={t("administration.mostGib")} help={t("administration.mostHelp")} type="number" value={most} onChange={setMost} />
      </div>
      {shorter && <p>{t("administration.shorter")}</p>}
      {failure !== undefined && <Failure error={failure} />}
      <div className="pv-buttons">
        {lacking === undefined ? <Button type="submit">{t("shell.save")}</Button> : <ReasonButton reason={lacking}>{t("shell.save")}</ReasonButton>}
      </div>
    </form>
  );
}
