import "../../../orders/orders.css";
import type { Disk, Nic, Vm } from "@polyvisor/model";
import { formatBytes } from "@polyvisor/model/tables";
import { useState } from "react";
import { useReasons } from "../../../actions/useReasons.ts";
import { useTexts } from "../../../texts/texts.ts";
import { Card } from "../../../ui/Card.tsx";
import { ReasonButton } from "../../../ui/ReasonButton.tsx";
import { AddDiskDialog } from "../hardware/AddDiskDialog.tsx";
import { AddNicDialog } from "../hardware/AddNicDialog.tsx";
import { AmountDialog } from "../hardware/AmountDialog.tsx";
import { AmountRow } from "../hardware/AmountRow.tsx";
import { PartRow } from "../hardware/PartRow.tsx";
import { useNextStart } from "../hardware/nextStart.ts";
import { DetachDiskDialog, DetachNicDialog, MediaDialog } from "../hardware/TakeOffDialogs.tsx";

type Open =
  | { is: "memory" | "vcpus" | "addDisk" | "addNic" }
  | { is: "detachDisk" | "media"; disk: Pick<Disk, "target" | "source"> }
  | { is: "detachNic"; nic: Pick<Nic, "mac"> };

/** Memory, processors, disks and NICs, now and at the next start, and what changes them. */
export default function HardwareTab({ object: vm }: { object: Vm }) {
  const { t } = useTexts();
  const reasonOf = useReasons(vm);
  const next = useNextStart(vm);
  const [open, setOpen] = useState<Open>();
  const close = (): void => setOpen(undefined);
  const edit = reasonOf({ verb: "vm.setMemory", permission: "vm.edit" });
  const change = (to: Open, text: string, label: string) => (
    <ReasonButton size="sm" variant="link" isInline reason={edit} aria-label={label} onClick={() => setOpen(to)}>
      {text}
    </ReasonButton>
  );
  const newDisks = next?.disks.filter(({ target }) => !vm.disks.some((disk) => disk.target === target)) ?? [];
  const newNics = next?.nics.filter(({ mac }) => !vm.nics.some((nic) => nic.mac === mac)) ?? [];
  const driveOf = (device: string): boolean => device === "cdrom" || device === "floppy";
  return (
    <div className="pv-cards">
      <Card title={t("orders.hardware.processing")} wide>
        <div className="pv-scroll">
          <table className="pv-amounts">
            <thead>
              <tr>
                <td />
                <th scope="col">{t("orders.hardware.now")}</th>
                <th scope="col">{t("orders.hardware.most")}</th>
                <th scope="col">{t("orders.hardware.nextStart")}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              <AmountRow
                label={t("fields.memory")}
                now={vm.memory}
                next={next?.memory}
                show={formatBytes}
                action={change({ is: "memory" }, t("orders.hardware.change"), t("orders.hardware.changeMemory"))}
              />
              <AmountRow
                label={t("fields.vcpus")}
                now={vm.vcpus}
                next={next?.vcpus}
                show={String}
                action={change({ is: "vcpus" }, t("orders.hardware.change"), t("orders.hardware.changeVcpus"))}
              />
            </tbody>
          </table>
        </div>
      </Card>
      <Card
        title={t("vms.disks", { count: vm.disks.length })}
        wide
        action={change({ is: "addDisk" }, t("orders.hardware.addDisk"), t("orders.hardware.addDisk"))}
      >
        <ul className="pv-hardware">
          {vm.disks.map((disk) => {
            const later = next?.disks.find(({ target }) => target === disk.target);
            return (
              <PartRow
                key={disk.target}
                name={disk.target}
                facts={[
                  t(`vms.devices.${disk.device}`),
                  disk.bus,
                  disk.format,
                  disk.capacity === undefined ? "" : formatBytes(disk.capacity),
                  disk.readOnly ? t("orders.hardware.readOnly") : "",
                ]}
                source={disk.source ?? t("vms.emptyDrive")}
                when={next && !later ? "now" : undefined}
                next={later && later.source !== disk.source ? (later.source ?? t("vms.emptyDrive")) : undefined}
              >
                {driveOf(disk.device) && change({ is: "media", disk }, t("orders.hardware.media"), t("orders.hardware.mediaOf", { disk: disk.target }))}
                {change({ is: "detachDisk", disk }, t("orders.hardware.detach"), t("orders.hardware.detachOf", { part: disk.target }))}
              </PartRow>
            );
          })}
          {newDisks.map((disk) => (
            <PartRow key={disk.target} name={disk.target} facts={[disk.device]} source={disk.source ?? t("vms.emptyDrive")} when="nextStart">
              {change({ is: "detachDisk", disk }, t("orders.hardware.detach"), t("orders.hardware.detachOf", { part: disk.target }))}
            </PartRow>
          ))}
        </ul>
      </Card>
      <Card title={t("vms.nics", { count: vm.nics.length })} wide action={change({ is: "addNic" }, t("orders.hardware.addNic"), t("orders.hardware.addNic"))}>
        <ul className="pv-hardware">
          {vm.nics.map((nic) => (
            <PartRow
              key={nic.mac}
              name={nic.source ?? nic.kind}
              facts={[nic.model ?? "", nic.linkUp ? t("vms.linkUp") : t("vms.linkDown"), nic.addresses.join(", ")]}
              source={nic.mac}
              when={next && !next.nics.some(({ mac }) => mac === nic.mac) ? "now" : undefined}
            >
              {change({ is: "detachNic", nic }, t("orders.hardware.detach"), t("orders.hardware.detachOf", { part: nic.mac }))}
            </PartRow>
          ))}
          {newNics.map((nic) => (
            <PartRow key={nic.mac} name={nic.source ?? ""} facts={[]} source={nic.mac} when="nextStart">
              {change({ is: "detachNic", nic }, t("orders.hardware.detach"), t("orders.hardware.detachOf", { part: nic.mac }))}
            </PartRow>
          ))}
        </ul>
      </Card>
      {(open?.is === "memory" || open?.is === "vcpus") && <AmountDialog vm={vm} what={open.is} next={next} close={close} />}
      {open?.is === "addDisk" && <AddDiskDialog vm={vm} close={close} />}
      {open?.is === "addNic" && <AddNicDialog vm={vm} close={close} />}
      {open?.is === "detachDisk" && <DetachDiskDialog vm={vm} disk={open.disk} close={close} />}
      {open?.is === "media" && <MediaDialog vm={vm} disk={open.disk} close={close} />}
      {open?.is === "detachNic" && <DetachNicDialog vm={vm} nic={open.nic} close={close} />}
    </div>
  );
}
