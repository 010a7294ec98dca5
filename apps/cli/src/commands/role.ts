import { confirm } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { uponSeen, type Seen } from "../conflict.ts";
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

/** A role as it is now; what is not listed is asked for all the same, and the server says what is wrong. */
async function roleNamed(context: Context): Promise<Seen> {
  const ref = context.words[0]!;
  const { items } = await (await context.client()).call("roleList");
  const { id, name, revision } = items.find((each) => each.id === ref) ?? items.find((each) => each.name === ref) ?? { id: ref, name: ref, revision: 1 };
  return { kind: "site", id, name, revision };
}

/** `role change ROLE`. */
export const change: Run = async (context) => {
  const { name, description, permission } = context.options as { name?: string; description?: string; permission?: Permissions };
  const seen = await roleNamed(context);
  const changed = await uponSeen(context, seen, (client, ifMatch) =>
    client.call("roleChange", { params: { id: seen.id }, body: { name, description, permissions: permission }, ...ifMatch }),
  );
  await show(context, changed, () => [`${escapeText(changed.name)}: ${changed.permissions.join(" ") || "no permissions"}`]);
};

/** `role remove ROLE`. */
export const remove: Run = async (context) => {
  const seen = await roleNamed(context);
  await confirm(context, `Remove the role ${seen.name}?`);
  await uponSeen(context, seen, (client, ifMatch) => client.call("roleRemove", { params: { id: seen.id }, ...ifMatch }));
  context.say(`${escapeText(seen.name)} removed`);
};
