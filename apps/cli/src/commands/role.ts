import { confirm } from "../change.ts";
import type { Run } from "../command.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { show } from "../show.ts";

type Permissions = "vm.view"[];

/** `role list`. */
export const list: Run = async (context) => {
  const { items } = await (await context.client()).call("roleList");
  await showList(
    context,
    items,
    [
      { title: "NAME", text: (each) => each.name, whole: true },
      { title: "KIND", text: (each) => (each.builtIn ? "built in" : "own") },
      { title: "DESCRIPTION", text: (each) => each.description },
    ],
    { name: (each) => each.name, empty: "There are no roles.", wide: [{ title: "PERMISSIONS", text: (each) => each.permissions.join(" ") }] },
  );
};

/** `role create NAME`. */
export const create: Run = async (context) => {
  const { description, permission = [] } = context.options as { description?: string; permission?: Permissions };
  const made = await (
    await context.client()
  ).call("roleCreate", { body: { name: context.words[0]!, permissions: permission, ...(description === undefined ? {} : { description }) } });
  await show(context, made, () => [`${escapeText(made.name)} made`]);
};

/** `role change ROLE`. */
export const change: Run = async (context) => {
  const { name, description, permission } = context.options as { name?: string; description?: string; permission?: Permissions };
  const client = await context.client();
  const changed = await client.call("roleChange", { params: { id: context.words[0]! }, body: { name, description, permissions: permission } });
  await show(context, changed, () => [`${escapeText(changed.name)}: ${changed.permissions.join(" ") || "no permissions"}`]);
};

/** `role remove ROLE`. */
export const remove: Run = async (context) => {
  const name = context.words[0]!;
  await confirm(context, `Remove the role ${name}?`);
  await (await context.client()).call("roleRemove", { params: { id: name } });
  context.say(`${escapeText(name)} removed`);
};
