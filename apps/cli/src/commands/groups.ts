import { confirm } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { uponSeen, type Seen } from "../conflict.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { show } from "../show.ts";

/** `group list`. */
export const list: Run = async (context) => {
  const { items } = await (await context.client()).call("groupList");
  await showList(
    context,
    items,
    [
      { title: "NAME", text: (each) => each.name },
      { title: "ACCOUNTS", text: (each) => String(each.members) },
      { title: "DESCRIPTION", text: (each) => each.description },
    ],
    { name: (each) => each.name, empty: "There are no groups.", wide: [{ title: "ID", text: (each) => each.id }] },
  );
};

/** `group info GROUP`. */
export const info: Run = async (context) => {
  const group = await (await context.client()).call("groupGet", { params: { id: context.words[0]! } });
  await show(context, group, () => [
    `Name         ${escapeText(group.name)}`,
    `Id           ${group.id}`,
    `Description  ${escapeText(group.description)}`,
    `Accounts     ${escapeText(group.accounts.map((each) => (each.via === "local" ? each.name : `${each.name} (by ${each.via})`)).join(", ")) || "none"}`,
  ]);
};

/** `group create NAME`. */
export const create: Run = async (context) => {
  const description = context.options["description"] as string | undefined;
  const made = await (await context.client()).call("groupCreate", { body: { name: context.words[0]!, ...(description === undefined ? {} : { description }) } });
  await show(context, made, () => [`${escapeText(made.name)} made`]);
};

const groupNamed = async (context: Context): Promise<Seen> => {
  const { id, name, revision } = await (await context.client()).call("groupGet", { params: { id: context.words[0]! } });
  return { kind: "site", id, name, revision };
};

/** `group rename GROUP NAME`. */
export const rename: Run = async (context) => {
  const seen = await groupNamed(context);
  const group = await uponSeen(context, seen, (client, ifMatch) =>
    client.call("groupChange", { params: { id: seen.id }, body: { name: context.words[1]! }, ...ifMatch }),
  );
  context.say(`${escapeText(seen.name)} is now ${escapeText(group.name)}`);
};

/** `group remove GROUP`. */
export const remove: Run = async (context) => {
  const seen = await groupNamed(context);
  await confirm(context, `Remove the group ${seen.name}? What it was given is lost to its accounts.`);
  await uponSeen(context, seen, (client, ifMatch) => client.call("groupRemove", { params: { id: seen.id }, ...ifMatch }));
  context.say(`${escapeText(seen.name)} removed`);
};

const member =
  (route: "memberAdd" | "memberRemove", told: string): Run =>
  async (context) => {
    const [id, ...accounts] = context.words as [string, ...string[]];
    const client = await context.client();
    for (const account of accounts) {
      await client.call(route, { params: { id, account } });
      context.say(`${escapeText(account)} ${told} ${escapeText(id)}`);
    }
  };
/** `group add GROUP ACCOUNT…`. */
export const add = member("memberAdd", "is in");
/** `group take-out GROUP ACCOUNT…`. */
export const takeOut = member("memberRemove", "is out of");
