import { text } from "node:stream/consumers";
import type { Args } from "@polyvisor/api/client";
import type { Host } from "@polyvisor/model";
import { confirm } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { uponSeen } from "../conflict.ts";
import { exitCodeOf, exitCodes } from "../exitCode.ts";
import { usageFailure } from "../failure.ts";
import { listAll, showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { colourOfState } from "../output/paint.ts";
import { agoText, bytesText } from "../output/quantity.ts";
import { selectorOf } from "../targets.ts";
import { settled } from "./hostSettled.ts";
import { showHost } from "./info.ts";
import { show } from "../show.ts";

interface Credential {
  username: string;
  password: string;
}

/** A pass phrase is asked for, never taken from the command line. */
async function credentialOf({ io }: Context, username: string): Promise<Credential> {
  const password = io.stdin.isTTY ? await (await import("../asking.ts")).askSecret(`Pass phrase of ${username}`) : (await text(io.stdin)).replace(/\r?\n$/, "");
  return { username, password };
}

/** What `host add` and `host test` send for a URI. */
async function hostInput(context: Context, uri: string): Promise<{ uri: string; name?: string; tags?: string[]; credential?: Credential }> {
  const { options } = context;
  const username = options["username"] as string | undefined;
  const credential = username === undefined ? undefined : await credentialOf(context, username);
  return {
    uri,
    ...(options["name"] === undefined ? {} : { name: options["name"] as string }),
    ...(options["tag"] === undefined ? {} : { tags: options["tag"] as string[] }),
    ...(credential ? { credential } : {}),
  };
}

/** `host add URI` and `host add --local`. */
export const add: Run = async (context) => {
  const uri = context.words[0];
  if (context.options["local"]) {
    if (uri !== undefined) throw usageFailure("host add takes a URI or --local, not both.");
    return (await import("./hostLocal.ts")).addLocal(context);
  }
  if (uri === undefined)
    throw usageFailure("host add needs a URI, or --local for this machine.", "For example: polyvisor host add qemu+ssh://root@host/system");
  const client = await context.client();
  const added = await client.call("hostAdd", { body: await hostInput(context, uri) });
  const host = context.options["wait"] === false ? added : await settled(context, added);
  await show(context, host, () => [`${escapeText(host.name)} added: ${escapeText(host.uri)} (${host.connection.state})`]);
  return tellConnection(context, host);
};

/** Tells why a host is not connected, where it is not. It stays: the server goes on trying. */
function tellConnection(context: Context, { connection }: Host): number {
  if (!connection.failure) return exitCodes.ok;
  context.note(escapeText(connection.failure.detail));
  context.note(escapeText(connection.failure.remedy));
  return exitCodeOf(connection.failure.code);
}

/** `host list`. */
export const list: Run = async (context) => {
  const client = await context.client();
  const hosts = await listAll(client, "hostList", { filter: selectorOf(context.words, context.options["filter"]), sort: "name" });
  const now = context.io.now();
  await showList(
    context,
    hosts,
    [
      { title: "NAME", text: (host) => host.name, whole: true },
      { title: "CONNECTION", text: (host) => host.connection.state, colour: (host) => colourOfState(host.connection.state), whole: true },
      { title: "SINCE", text: (host) => agoText(host.connection.since, now), figures: true },
      { title: "HYPERVISOR", text: (host) => host.facts && `${host.facts.hypervisor.type} ${host.facts.hypervisor.version}` },
      { title: "CPUS", text: (host) => host.facts && String(host.facts.cpu.total), figures: true },
      { title: "MEMORY", text: (host) => host.facts && bytesText(host.facts.memory), figures: true },
      { title: "URI", text: (host) => host.uri },
    ],
    {
      wide: [
        { title: "ID", text: (host) => host.id, whole: true },
        { title: "ACCELERATION", text: (host) => host.facts?.acceleration.usable },
        { title: "TAGS", text: (host) => host.tags.join(",") },
        { title: "FAILURE", text: (host) => host.connection.failure?.detail },
      ],
      name: (host) => host.name,
      empty: "There is no host yet. Add one: polyvisor host add --local",
    },
  );
  if (context.output === "table")
    for (const host of hosts)
      if (host.connection.failure)
        context.note(`${escapeText(host.name)}: ${escapeText(host.connection.failure.detail)}\n  ${escapeText(host.connection.failure.remedy)}`);
};

const hostNamed = async (context: Context): Promise<Host> => (await context.client()).call("hostGet", { params: { id: context.words[0]! } });

/** `host info HOST`. */
export const info: Run = async (context) => showHost(context, await hostNamed(context));

/** `host remove HOST`. */
export const remove: Run = async (context) => {
  const host = await hostNamed(context);
  await confirm(context, `Forget the host ${host.name} (${host.uri})? Nothing on it is touched.`);
  await uponSeen(context, host, (client, ifMatch) => client.call("hostRemove", { params: { id: host.id }, ...ifMatch }));
  context.say(`${escapeText(host.name)} forgotten`);
};

/** `host test URI`. */
export const test: Run = async (context) => {
  const uri = context.words[0]!;
  const found = await (await context.client()).call("hostTest", { body: await hostInput(context, uri) });
  const unsupported = Object.entries(found.features).filter(([, feature]) => !feature.supported);
  await show(context, found, () => [
    `${escapeText(uri)} answers: ${escapeText(found.hostname)}, ${escapeText(found.hypervisor)}, ${found.vms} VMs`,
    ...unsupported.map(([name, feature]) => `  cannot ${name}: ${feature.supported ? "" : escapeText(feature.reason)}`),
  ]);
};

/** `host reconnect HOST`. */
export const reconnect: Run = async (context) => {
  const client = await context.client();
  const host = await settled(context, await client.call("hostReconnect", { params: { id: (await hostNamed(context)).id } }));
  context.say(`${escapeText(host.name)}: ${host.connection.state}`);
  return tellConnection(context, host);
};

type Change = NonNullable<Args<"hostChange">["body"]>;
/** Changes a host as it was looked up. */
const changed = (context: Context, host: Host, body: Change): Promise<Host> =>
  uponSeen(context, host, (client, ifMatch) => client.call("hostChange", { params: { id: host.id }, body, ...ifMatch }));

/** `host credential HOST USER`. */
export const credential: Run = async (context) => {
  const known = await hostNamed(context);
  const host = await settled(context, await changed(context, known, { credential: await credentialOf(context, context.words[1]!) }));
  context.say(`${escapeText(host.name)}: ${host.connection.state}`);
  return tellConnection(context, host);
};

const switched =
  (enabled: boolean): Run =>
  async (context) => {
    const host = await settled(context, await changed(context, await hostNamed(context), { enabled }));
    context.say(`${escapeText(host.name)}: ${host.connection.state}`);
    return tellConnection(context, host);
  };
export const enable = switched(true);
export const disable = switched(false);

/** `host rename HOST NAME`. */
export const rename: Run = async (context) => {
  const host = await changed(context, await hostNamed(context), { name: context.words[1]! });
  context.say(`${escapeText(context.words[0]!)} is now called ${escapeText(host.name)}`);
};
