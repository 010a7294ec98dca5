import type { Host } from "@polyvisor/model";
import { formatBytes } from "@polyvisor/model/tables";
import type { Column } from "../../table/column.ts";
import { Ago } from "../../ui/Ago.tsx";
import { ObjectLink } from "../../ui/ObjectLink.tsx";
import { ConnectionMark } from "../../ui/StateMark.tsx";
import { Tags } from "../../ui/Tags.tsx";

const system = ({ facts }: Host): string => (facts ? `${facts.hypervisor.type} ${facts.hypervisor.version}` : "");

/** Columns of lists of hosts. */
export const hostColumns: readonly Column<Host>[] = [
  {
    id: "name",
    text: "fields.name",
    width: 160,
    grow: 3,
    sort: "name",
    standard: true,
    narrow: true,
    cell: (host) => <ObjectLink object={host} />,
    csv: (host) => host.name,
  },
  {
    id: "state",
    text: "fields.state",
    width: 120,
    grow: 1,
    sort: "state",
    standard: true,
    narrow: true,
    cell: (host) => <ConnectionMark state={host.connection.state} />,
    csv: (host) => host.connection.state,
  },
  { id: "type", text: "fields.hypervisor", width: 140, grow: 2, sort: "type", standard: true, cell: system, csv: system },
  {
    id: "cpus",
    text: "fields.cpus",
    width: 90,
    sort: "cpus",
    align: "end",
    standard: true,
    cell: (host) => host.facts?.cpu.total ?? "",
    csv: (host) => host.facts?.cpu.total ?? "",
  },
  {
    id: "memory",
    text: "fields.memory",
    width: 100,
    sort: "memory",
    align: "end",
    standard: true,
    cell: (host) => (host.facts ? formatBytes(host.facts.memory) : ""),
    csv: (host) => host.facts?.memory ?? "",
  },
  { id: "tags", text: "fields.tags", width: 120, grow: 2, standard: true, cell: (host) => <Tags tags={host.tags} />, csv: (host) => host.tags.join(" ") },
  {
    id: "since",
    text: "fields.since",
    width: 120,
    sort: "since",
    standard: true,
    cell: (host) => <Ago time={host.connection.since} />,
    csv: (host) => host.connection.since,
  },
  { id: "uri", text: "fields.uri", width: 200, grow: 3, cell: (host) => <code>{host.uri}</code>, csv: (host) => host.uri },
  { id: "id", text: "fields.id", width: 140, sort: "id", cell: (host) => <code>{host.id}</code>, csv: (host) => host.id },
];
