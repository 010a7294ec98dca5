import { confirm } from "../change.ts";
import type { Run } from "../command.ts";
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

/** `group rename GROUP NAME`. */
export const rename: Run = async (context) => {
  const [id, name] = context.words as [string, string];
  const group = await (await context.client()).call("groupChange", { params: { id }, body: { name } });
  context.say(`${escapeText(id)} is now ${escapeText(group.name)}`);
};

/** `group remove GROUP`. */
export const remove: Run = async (context) => {
  const id = context.words[0]!;
  await confirm(context, `Remove the group ${id}? What it was given is lost to its accounts.`);
  await (await context.client()).call("groupRemove", { params: { id } });
  context.say(`${escapeText(id)} removed`);
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
