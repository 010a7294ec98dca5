import { quoteName } from "@polyvisor/api/client";
import type { Network } from "@polyvisor/model";
import { useTexts } from "../../../texts/texts.ts";
import { Card } from "../../../ui/Card.tsx";
import { ConsoleLink } from "../../../ui/ConsoleLink.tsx";
import { Facts } from "../../../ui/Facts.tsx";
import { HostName } from "../../../ui/HostName.tsx";
import { ActivityMark } from "../../../ui/StateMark.tsx";
import { listPath } from "../../links.ts";

/** What a network is, and who is plugged into it. */
export default function SummaryTab({ object: network }: { object: Network }) {
  const { t } = useTexts();
  return (
    <div className="pv-cards">
      <Card title={t("objects.about")}>
        <Facts
          facts={[
            [t("fields.state"), <ActivityMark key="state" active={network.active} />],
            [t("fields.host"), <HostName key="host" id={network.hostId} />],
            [t("fields.forward"), network.forward],
            [t("fields.bridge"), network.bridge && <code key="bridge">{network.bridge}</code>],
            [t("fields.addresses"), network.addresses.join(", ")],
            [t("fields.dhcp"), network.dhcp ? t("objects.dhcpOn") : t("objects.dhcpOff")],
            [t("fields.autostart"), network.autostart ? t("vms.autostartOn") : t("vms.autostartOff")],
            [
              t("objects.usedBy"),
              <ConsoleLink key="vms" to={listPath("vm", `network = ${quoteName(network.name)} and host = ${network.hostId}`)}>
                {t("objects.lists.vm")}
              </ConsoleLink>,
            ],
            [t("fields.id"), <code key="id">{network.id}</code>],
          ]}
        />
      </Card>
    </div>
  );
}
