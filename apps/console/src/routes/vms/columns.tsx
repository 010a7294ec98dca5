import type { Vm } from "@polyvisor/model";
import { formatBytes } from "@polyvisor/model/tables";
import { live } from "../../live/live.ts";
import type { Column } from "../../table/column.ts";
import { Ago } from "../../ui/Ago.tsx";
import { HostName } from "../../ui/HostName.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import { Tags } from "../../ui/Tags.tsx";
import { VmLink } from "./VmLink.tsx";

const addresses = (vm: Vm): string => vm.nics.flatMap((nic) => nic.addresses).join(", ");

/** Columns of lists of VMs. */
export const vmColumns: readonly Column<Vm>[] = [
  { id: "name", text: "fields.name", width: 160, grow: 3, sort: "name", standard: true, narrow: true, cell: (vm) => <VmLink vm={vm} />, csv: (vm) => vm.name },
  {
    id: "state",
    text: "fields.state",
    width: 110,
    grow: 1,
    sort: "state",
    standard: true,
    narrow: true,
    cell: (vm) => <StateMark state={vm.state} />,
    csv: (vm) => vm.state,
  },
  {
    id: "host",
    text: "fields.host",
    width: 120,
    grow: 2,
    sort: "host",
    standard: true,
    cell: (vm) => <HostName id={vm.hostId} />,
    csv: (vm) => live.object<"host">(vm.hostId)?.name ?? vm.hostId,
  },
  { id: "vcpus", text: "fields.vcpus", width: 70, sort: "vcpus", align: "end", standard: true, cell: (vm) => vm.vcpus.current, csv: (vm) => vm.vcpus.current },
  {
    id: "memory",
    text: "fields.memory",
    width: 90,
    sort: "memory",
    align: "end",
    standard: true,
    cell: (vm) => formatBytes(vm.memory.current),
    csv: (vm) => vm.memory.current,
  },
  {
    id: "addresses",
    text: "fields.addresses",
    width: 130,
    grow: 2,
    standard: true,
    cell: (vm) => <span title={addresses(vm)}>{addresses(vm)}</span>,
    csv: addresses,
  },
  { id: "tags", text: "fields.tags", width: 120, grow: 2, standard: true, cell: (vm) => <Tags tags={vm.tags} />, csv: (vm) => vm.tags.join(" ") },
  { id: "since", text: "fields.since", width: 110, sort: "stateSince", standard: true, cell: (vm) => <Ago time={vm.stateSince} />, csv: (vm) => vm.stateSince },
  { id: "os", text: "fields.os", width: 120, grow: 1, sort: "os", cell: (vm) => vm.os ?? "", csv: (vm) => vm.os ?? "" },
  { id: "type", text: "fields.type", width: 80, sort: "type", cell: (vm) => vm.virtType, csv: (vm) => vm.virtType },
  { id: "snapshots", text: "fields.snapshots", width: 90, align: "end", cell: (vm) => vm.snapshots.length || "", csv: (vm) => vm.snapshots.length },
  { id: "id", text: "fields.id", width: 140, sort: "id", cell: (vm) => <code>{vm.id}</code>, csv: (vm) => vm.id },
];
