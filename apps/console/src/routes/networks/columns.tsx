import type { Network } from "@polyvisor/model";
import type { Column } from "../../table/column.ts";
import { HostName } from "../../ui/HostName.tsx";
import { ObjectLink } from "../../ui/ObjectLink.tsx";
import { ActivityMark } from "../../ui/StateMark.tsx";

/** Columns of lists of networks. */
export const networkColumns: readonly Column<Network>[] = [
  {
    id: "name",
    text: "fields.name",
    width: 150,
    grow: 3,
    sort: "name",
    standard: true,
    narrow: true,
    cell: (network) => <ObjectLink object={network} />,
    csv: (network) => network.name,
  },
  {
    id: "state",
    text: "fields.state",
    width: 100,
    grow: 1,
    standard: true,
    narrow: true,
    cell: (network) => <ActivityMark active={network.active} />,
    csv: (network) => String(network.active),
  },
  {
    id: "host",
    text: "fields.host",
    width: 120,
    grow: 2,
    sort: "host",
    standard: true,
    cell: (network) => <HostName id={network.hostId} />,
    csv: (network) => network.hostId,
  },
  {
    id: "type",
    text: "fields.forward",
    width: 110,
    grow: 1,
    sort: "type",
    standard: true,
    cell: (network) => network.forward,
    csv: (network) => network.forward,
  },
  { id: "bridge", text: "fields.bridge", width: 110, grow: 1, standard: true, cell: (network) => network.bridge ?? "", csv: (network) => network.bridge ?? "" },
  {
    id: "addresses",
    text: "fields.addresses",
    width: 150,
    grow: 2,
    standard: true,
    cell: (network) => network.addresses.join(", "),
    csv: (network) => network.addresses.join(" "),
  },
];
