import { formatBytes } from "@polyvisor/model/tables";
import type { Host } from "@polyvisor/model";
import { useTexts } from "../../../texts/texts.ts";
import { Ago } from "../../../ui/Ago.tsx";
import { Card } from "../../../ui/Card.tsx";
import { ConsoleLink } from "../../../ui/ConsoleLink.tsx";
import { Facts } from "../../../ui/Facts.tsx";
import { ConnectionMark } from "../../../ui/StateMark.tsx";
import { Tags } from "../../../ui/Tags.tsx";
import { listPath } from "../../links.ts";

/** What a host is, and what it can do. */
export default function SummaryTab({ object: host }: { object: Host }) {
  const { t } = useTexts();
  const { facts, connection, features } = host;
  const lacking = Object.entries(features).flatMap(([name, feature]) => (feature.supported ? [] : [[name, feature.reason] as const]));
  return (
    <div className="pv-cards">
      <Card title={t("fields.state")}>
        <p className="pv-state-line">
          <ConnectionMark state={connection.state} /> <Ago time={connection.since} />
        </p>
        <p>{t(`objects.connectionMeans.${connection.state}`)}</p>
        <Facts
          facts={[
            [t("fields.uri"), <code key="uri">{host.uri}</code>],
            [t("fields.lastSeen"), connection.lastSeen && <Ago key="seen" time={connection.lastSeen} />],
            [t("fields.nextAttempt"), connection.nextAttempt && <Ago key="next" time={connection.nextAttempt} />],
            [t("fields.tags"), <Tags key="tags" tags={host.tags} />],
          ]}
        />
      </Card>
      {facts && (
        <Card title={t("objects.machine")}>
          <Facts
            facts={[
              [t("fields.hostname"), facts.hostname],
              [t("fields.hypervisor"), `${facts.hypervisor.type} ${facts.hypervisor.version}`],
              [t("fields.cpus"), t("objects.processors", { count: facts.cpu.total, model: facts.cpu.model, arch: facts.cpu.arch })],
              [t("fields.memory"), formatBytes(facts.memory)],
              [t("fields.acceleration"), t(`vms.accelerations.${facts.acceleration.usable}`)],
              [t("objects.evidence"), facts.acceleration.evidence],
              [t("fields.id"), <code key="id">{host.id}</code>],
            ]}
          />
        </Card>
      )}
      <Card title={t("objects.onIt")}>
        <ul className="pv-links">
          {(["vm", "datastore", "network"] as const).map((kind) => (
            <li key={kind}>
              <ConsoleLink to={listPath(kind, `host = ${host.id}`)}>{t(`objects.lists.${kind}`)}</ConsoleLink>
            </li>
          ))}
        </ul>
      </Card>
      {lacking.length > 0 && (
        <Card title={t("objects.lacking", { count: lacking.length })}>
          <ul className="pv-parts">
            {lacking.map(([name, reason]) => (
              <li key={name}>
                <strong>{name}</strong>
                <span>{reason}</span>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}
