import type { Datastore, Host } from "@polyvisor/model";
import { change } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { tableWidth } from "../io.ts";
import { listAll, showList } from "../listing.ts";
import { colourOfState } from "../output/paint.ts";
import { bytesText } from "../output/quantity.ts";
import { factLines, tableLines } from "../output/table.ts";
import { selectorOf } from "../targets.ts";
import { hostOf } from "./create.ts";
import { volumeColumns } from "./volume.ts";
import { show } from "../show.ts";

/** Names of hosts by id. */
export async function hostNames(context: Context): Promise<(id: string) => string> {
  const hosts: Pick<Host, "id" | "name">[] = await listAll(await context.client(), "hostList", { fields: "id,name" });
  const names = new Map(hosts.map((host) => [host.id, host.name]));
  return (id) => names.get(id) ?? id;
}

/** `datastore list`. */
export const list: Run = async (context) => {
  const client = await context.client();
  const [stores, nameOf] = await Promise.all([
    listAll(client, "datastoreList", { filter: selectorOf(context.words, context.options["filter"]), sort: "name" }),
    hostNames(context),
  ]);
  await showList(
    context,
    stores,
    [
      { title: "NAME", text: (store) => store.name, whole: true },
      { title: "HOST", text: (store) => nameOf(store.hostId) },
      { title: "STATE", text: (store) => (store.active ? "active" : "stopped"), colour: (store) => colourOfState(store.active ? "running" : "off") },
      { title: "TYPE", text: (store) => store.type },
      { title: "CAPACITY", text: (store) => bytesText(store.capacity), figures: true },
      {
        title: "FREE",
        text: (store) => bytesText(store.available),
        figures: true,
        colour: (store) => (store.capacity > 0 && store.available / store.capacity < 0.1 ? "red" : undefined),
      },
      { title: "VOLUMES", text: (store) => String(store.volumes.length), figures: true },
      { title: "PATH", text: (store) => store.path },
    ],
    {
      wide: [
        { title: "ID", text: (store) => store.id, whole: true },
        { title: "AUTOSTART", text: (store) => (store.autostart ? "yes" : "no") },
      ],
      name: (store) => store.name,
      empty: "There is no datastore.",
    },
  );
};

/** `datastore info NAME`. */
export const info: Run = async (context) => {
  const client = await context.client();
  const [store, nameOf] = await Promise.all([client.call("datastoreGet", { params: { id: context.words[0]! } }), hostNames(context)]);
  await show(context, store, () => [
    ...datastoreFacts(store, nameOf(store.hostId), context),
    ...(store.volumes.length > 0 ? ["", ...tableLines(store.volumes, volumeColumns, { width: tableWidth(context.io.stdout), paint: context.paint })] : []),
  ]);
};

const datastoreFacts = (store: Datastore, host: string, context: Context): string[] =>
  factLines(
    [
      ["Name", store.name],
      ["Id", store.id],
      ["Native id", store.nativeId],
      ["Host", host],
      ["Type", store.type],
      ["State", store.active ? "active" : "stopped"],
      ["Autostart", store.autostart ? "yes" : "no"],
      ["Capacity", bytesText(store.capacity)],
      ["Allocated", bytesText(store.allocation)],
      ["Free", bytesText(store.available)],
      ["Path", store.path],
      ["Volumes", String(store.volumes.length)],
    ],
    context.paint,
  );

/** `datastore create NAME PATH`. */
export const create: Run = async (context) =>
  change(context, { do: "datastore.create", host: await hostOf(context), name: context.words[0]!, path: context.words[1]! });

const verb =
  (name: "start" | "stop" | "delete" | "refresh", asks: "always" | "never"): Run =>
  (context) =>
    change(context, { do: `datastore.${name}`, datastore: context.words[0]! }, asks);
export const start = verb("start", "never");
export const stop = verb("stop", "always");
export const remove = verb("delete", "always");
export const refresh = verb("refresh", "never");
