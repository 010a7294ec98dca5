import { formatBytes } from "@polyvisor/model/tables";
import { quoteName } from "@polyvisor/api/client";
import type { Datastore } from "@polyvisor/model";
import { useTexts } from "../../../texts/texts.ts";
import { Card } from "../../../ui/Card.tsx";
import { ConsoleLink } from "../../../ui/ConsoleLink.tsx";
import { Facts } from "../../../ui/Facts.tsx";
import { Fill } from "../../../ui/Fill.tsx";
import { HostName } from "../../../ui/HostName.tsx";
import { Name } from "../../../ui/Name.tsx";
import { ActivityMark } from "../../../ui/StateMark.tsx";
import { listPath } from "../../links.ts";

/** Volumes that are drawn at once. */
const shown = 500;

/** What a datastore is, how full it is, and its volumes. */
export default function SummaryTab({ object: store }: { object: Datastore }) {
  const { t } = useTexts();
  return (
    <div className="pv-cards">
      <Card title={t("objects.about")}>
        <Facts
          facts={[
            [t("fields.state"), <ActivityMark key="state" active={store.active} />],
            [t("fields.host"), <HostName key="host" id={store.hostId} />],
            [t("fields.type"), store.type],
            [t("fields.path"), store.path && <code key="path">{store.path}</code>],
            [t("fields.use"), <Fill key="use" part={store.allocation} whole={store.capacity} />],
            [t("fields.capacity"), formatBytes(store.capacity)],
            [t("fields.available"), formatBytes(store.available)],
            [
              t("objects.usedBy"),
              <ConsoleLink key="vms" to={listPath("vm", `datastore = ${quoteName(store.name)} and host = ${store.hostId}`)}>
                {t("objects.lists.vm")}
              </ConsoleLink>,
            ],
            [t("fields.id"), <code key="id">{store.id}</code>],
          ]}
        />
      </Card>
      <Card title={t("objects.volumes", { count: store.volumes.length })} wide>
        <ul className="pv-parts">
          {store.volumes.slice(0, shown).map((volume) => (
            <li key={volume.name}>
              <strong>
                <Name>{volume.name}</Name>
              </strong>
              <span>{[volume.format, formatBytes(volume.capacity), t("objects.taken", { size: formatBytes(volume.allocation) })].join(" · ")}</span>
              <code>{volume.path}</code>
            </li>
          ))}
        </ul>
        {store.volumes.length > shown && <p className="pv-quiet">{t("actions.andMore", { count: store.volumes.length - shown })}</p>}
      </Card>
    </div>
  );
}
