import { formatBytes } from "@polyvisor/model/tables";
import type { Vm } from "@polyvisor/model";
import { useTexts } from "../../../texts/texts.ts";
import { Card } from "../../../ui/Card.tsx";
import { Facts } from "../../../ui/Facts.tsx";
import { HostName } from "../../../ui/HostName.tsx";
import { Name } from "../../../ui/Name.tsx";
import { NotesCard } from "../NotesCard.tsx";
import { StateCard } from "../StateCard.tsx";
import { TagsCard } from "../TagsCard.tsx";

/** What a VM is, what it is doing, and where. */
export default function SummaryTab({ object: vm }: { object: Vm }) {
  const { t } = useTexts();
  const addresses = vm.nics.flatMap((nic) => nic.addresses);
  return (
    <div className="pv-cards">
      <StateCard vm={vm} />
      <Card title={t("vms.about")}>
        <Facts
          facts={[
            [t("fields.host"), <HostName key="host" id={vm.hostId} />],
            [t("fields.vcpus"), vm.vcpus.max > vm.vcpus.current ? t("vms.upTo", { now: vm.vcpus.current, most: vm.vcpus.max }) : vm.vcpus.current],
            [
              t("fields.memory"),
              vm.memory.max > vm.memory.current
                ? t("vms.upTo", { now: formatBytes(vm.memory.current), most: formatBytes(vm.memory.max) })
                : formatBytes(vm.memory.current),
            ],
            [t("fields.os"), vm.os],
            [t("fields.addresses"), addresses.join(", ")],
            [t("fields.type"), `${vm.virtType}, ${vm.arch}${vm.machine ? `, ${vm.machine}` : ""}`],
            [t("fields.acceleration"), t(`vms.accelerations.${vm.acceleration}`)],
            [t("fields.firmware"), vm.firmware],
            [t("fields.autostart"), vm.autostart ? t("vms.autostartOn") : t("vms.autostartOff")],
            [t("fields.title"), vm.title && <Name key="title">{vm.title}</Name>],
            [t("fields.description"), vm.description && <Name key="description">{vm.description}</Name>],
            [t("fields.id"), <code key="id">{vm.id}</code>],
            [t("fields.nativeId"), <code key="native">{vm.nativeId}</code>],
          ]}
        />
      </Card>
      <Card title={t("vms.disks", { count: vm.disks.length })}>
        <ul className="pv-parts">
          {vm.disks.map((disk) => (
            <li key={disk.target}>
              <strong>{disk.target}</strong>
              <span>
                {[t(`vms.devices.${disk.device}`), disk.bus, disk.format, disk.capacity === undefined ? "" : formatBytes(disk.capacity)]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
              <code>{disk.source ?? t("vms.emptyDrive")}</code>
            </li>
          ))}
        </ul>
      </Card>
      <Card title={t("vms.nics", { count: vm.nics.length })}>
        <ul className="pv-parts">
          {vm.nics.map((nic) => (
            <li key={nic.mac}>
              <strong>{nic.source ?? nic.kind}</strong>
              <span>{[nic.model, nic.linkUp ? t("vms.linkUp") : t("vms.linkDown"), nic.addresses.join(", ")].filter(Boolean).join(" · ")}</span>
              <code>{nic.mac}</code>
            </li>
          ))}
        </ul>
      </Card>
      <TagsCard vm={vm} key={`tags ${vm.id}`} />
      <NotesCard vm={vm} key={`notes ${vm.id}`} />
    </div>
  );
}
