import { change } from "../change.ts";
import type { Run } from "../command.ts";
import { listAll, showList } from "../listing.ts";
import { colourOfState } from "../output/paint.ts";
import { factLines } from "../output/table.ts";
import { selectorOf } from "../targets.ts";
import { hostNames } from "./datastore.ts";
import { show } from "../show.ts";

/** `network list`. */
export const list: Run = async (context) => {
  const client = await context.client();
  const [networks, nameOf] = await Promise.all([
    listAll(client, "networkList", { filter: selectorOf(context.words, context.options["filter"]), sort: "name" }),
    hostNames(context),
  ]);
  await showList(
    context,
    networks,
    [
      { title: "NAME", text: (network) => network.name, whole: true },
      { title: "HOST", text: (network) => nameOf(network.hostId) },
      { title: "STATE", text: (network) => (network.active ? "active" : "stopped"), colour: (network) => colourOfState(network.active ? "running" : "off") },
      { title: "FORWARD", text: (network) => network.forward },
      { title: "BRIDGE", text: (network) => network.bridge },
      { title: "ADDRESSES", text: (network) => network.addresses.join(",") },
      { title: "DHCP", text: (network) => (network.dhcp ? "yes" : "no") },
    ],
    {
      wide: [
        { title: "ID", text: (network) => network.id, whole: true },
        { title: "AUTOSTART", text: (network) => (network.autostart ? "yes" : "no") },
      ],
      name: (network) => network.name,
      empty: "There is no virtual network.",
    },
  );
};

/** `network info NAME`. */
export const info: Run = async (context) => {
  const client = await context.client();
  const [network, nameOf] = await Promise.all([client.call("networkGet", { params: { id: context.words[0]! } }), hostNames(context)]);
  await show(context, network, () =>
    factLines(
      [
        ["Name", network.name],
        ["Id", network.id],
        ["Native id", network.nativeId],
        ["Host", nameOf(network.hostId)],
        ["State", network.active ? "active" : "stopped"],
        ["Autostart", network.autostart ? "yes" : "no"],
        ["Forward", network.forward],
        ["Bridge", network.bridge],
        ["Addresses", network.addresses.join(", ")],
        ["DHCP", network.dhcp ? "yes" : "no"],
      ],
      context.paint,
    ),
  );
};

export const start: Run = (context) => change(context, { do: "network.start", network: context.words[0]! });
export const stop: Run = (context) => change(context, { do: "network.stop", network: context.words[0]! }, "always");
