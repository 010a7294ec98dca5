import type { Datastore } from "@polyvisor/model";
import { formatBytes } from "@polyvisor/model/tables";
import type { Column } from "../../table/column.ts";
import { HostName } from "../../ui/HostName.tsx";
import { ObjectLink } from "../../ui/ObjectLink.tsx";
import { ActivityMark } from "../../ui/StateMark.tsx";
import { Fill } from "../../ui/Fill.tsx";

/** Columns of lists of datastores. */
export const datastoreColumns: readonly Column<Datastore>[] = [
  {
    id: "name",
    text: "fields.name",
    width: 150,
    grow: 3,
    sort: "name",
    standard: true,
    narrow: true,
    cell: (store) => <ObjectLink object={store} />,
    csv: (store) => store.name,
  },
  {
    id: "state",
    text: "fields.state",
    width: 100,
    grow: 1,
    standard: true,
    cell: (store) => <ActivityMark active={store.active} />,
    csv: (store) => String(store.active),
  },
  {
    id: "host",
    text: "fields.host",
    width: 120,
    grow: 2,
    sort: "host",
    standard: true,
    cell: (store) => <HostName id={store.hostId} />,
    csv: (store) => store.hostId,
  },
  { id: "type", text: "fields.type", width: 90, sort: "type", standard: true, cell: (store) => store.type, csv: (store) => store.type },
  {
    id: "use",
    text: "fields.use",
    width: 130,
    grow: 2,
    standard: true,
    narrow: true,
    cell: (store) => <Fill part={store.allocation} whole={store.capacity} />,
    csv: (store) => (store.capacity > 0 ? Math.round((store.allocation / store.capacity) * 100) : ""),
  },
  {
    id: "capacity",
    text: "fields.capacity",
    width: 100,
    sort: "capacity",
    align: "end",
    standard: true,
    cell: (store) => formatBytes(store.capacity),
    csv: (store) => store.capacity,
  },
  {
    id: "available",
    text: "fields.available",
    width: 100,
    sort: "available",
    align: "end",
    standard: true,
    cell: (store) => formatBytes(store.available),
    csv: (store) => store.available,
  },
  { id: "volumes", text: "fields.volumes", width: 90, align: "end", cell: (store) => store.volumes.length, csv: (store) => store.volumes.length },
  { id: "path", text: "fields.path", width: 200, grow: 3, cell: (store) => <code>{store.path}</code>, csv: (store) => store.path ?? "" },
];
