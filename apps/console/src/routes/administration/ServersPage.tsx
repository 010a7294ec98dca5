import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Label } from "@patternfly/react-core/dist/esm/components/Label";
import { useState } from "react";
import { ChoiceField } from "../../forms/ChoiceField.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { tellFailure } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { Card } from "../../ui/Card.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { AdminPage } from "./AdminPage.tsx";

const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
type Level = (typeof levels)[number];

/** The servers of this site, the log of the one that answers, and what helps to find a fault. */
export default function ServersPage() {
  const { t } = useTexts();
  const servers = useAnswer("serverList");
  const log = useAnswer("logLevelsGet");
  return (
    <AdminPage title={t("administration.servers")} lead={t("administration.serversLead")}>
      <div className="pv-cards">
        <Card title={t("administration.servers")} wide>
          <Answered of={servers}>
            {({ items }) => (
              <PlainTable
                label={t("administration.servers")}
                rows={items}
                keyOf={({ id }) => id}
                empty=""
                columns={[
                  {
                    text: "fields.name",
                    cell: ({ name, self }) => (
                      <>
                        <bdi>{name}</bdi> {self && <Label isCompact>{t("administration.thisOne")}</Label>}
                      </>
                    ),
                  },
                  {
                    text: "fields.state",
                    cell: ({ alive, lastSeen }) => (
                      <>
                        <Label isCompact status={alive ? "success" : "danger"}>
                          {alive ? t("administration.alive") : t("administration.silent")}
                        </Label>{" "}
                        {!alive && <Ago time={lastSeen} />}
                      </>
                    ),
                  },
                  { text: "objects.hosts", align: "end", cell: ({ hosts }) => hosts },
                  { text: "administration.version", cell: ({ version }) => version },
                  { text: "administration.runsSince", wide: true, cell: ({ startedAt }) => <Ago time={startedAt} /> },
                  { text: "administration.place", wide: true, cell: ({ url }) => <code>{url}</code> },
                ]}
              />
            )}
          </Answered>
        </Card>
        <Card title={t("administration.logLevels")}>
          <p className="pv-quiet">{t("administration.logLevelsLead")}</p>
          <Answered of={log}>{(kept) => <LogLevels level={kept.level} rooms={kept.rooms} />}</Answered>
        </Card>
        <Card title={t("administration.bundle")}>
          <p>{t("administration.bundleLead")}</p>
          <div className="pv-buttons">
            <Button component="a" href="/api/v1/server/support-bundle" download="" variant="secondary">
              {t("administration.download")}
            </Button>
          </div>
        </Card>
      </div>
    </AdminPage>
  );
}

function LogLevels({ level, rooms }: { level: Level; rooms: Readonly<Record<string, Level>> }) {
  const { t } = useTexts();
  const [room, setRoom] = useState("");
  const set = (to: Level | "default", of?: string): void =>
    tellFailure(api.call("logLevelsSet", { body: { level: to, ...(of === undefined ? {} : { room: of }) } }).then(() => readAnew("logLevelsGet")));
  const offered = levels.map((each) => [each, each] as const);
  const names = Object.keys(rooms).sort();
  const own = room === "" ? undefined : rooms[room];
  return (
    <div className="pv-fields">
      <ChoiceField label={t("administration.levelOfAll")} value={level} onChange={(to) => set(to)} options={offered} />
      {names.length > 0 && (
        <>
          <ChoiceField
            label={t("administration.room")}
            value={room}
            onChange={setRoom}
            options={[["", t("administration.chooseRoom")], ...names.map((name) => [name, `${name}: ${rooms[name]}`] as const)]}
          />
          {own !== undefined && (
            <ChoiceField
              label={t("administration.levelOf", { room })}
              value={own as Level | "default"}
              onChange={(to) => set(to, room)}
              options={[["default", t("administration.asAll")], ...offered]}
            />
          )}
        </>
      )}
    </div>
  );
}
