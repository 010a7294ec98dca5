import type { Context, Run } from "../command.ts";
import { uponSeen, type Seen } from "../conflict.ts";
import { usageFailure } from "../failure.ts";
import { listAll, showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { show } from "../show.ts";
import { targetsOf } from "../targets.ts";

/** `folder list`. */
export const list: Run = async (context) => {
  const { items } = await (await context.client()).call("folderList");
  await showList(
    context,
    items,
    [
      { title: "PATH", text: (each) => each.path, whole: true },
      { title: "ID", text: (each) => each.id },
    ],
    { name: (each) => each.path, empty: "There are no folders that you see." },
  );
};

const clean = (path: string): string => `/${path.split("/").filter(Boolean).join("/")}`;

/** `folder create PATH`. */
export const create: Run = async (context) => {
  const path = clean(context.words[0]!);
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "") throw usageFailure("The top is there already.", "For example: polyvisor folder create /tenants");
  const parent = path.slice(0, path.lastIndexOf("/"));
  const made = await (await context.client()).call("folderCreate", { body: { name, ...(parent === "" ? {} : { parent }) } });
  await show(context, made, () => [`${escapeText(made.path)} made`]);
};

/** A folder by its path or id, as it is now: a path has slashes, which a URL's part cannot. */
async function folderNamed(context: Context): Promise<Seen | undefined> {
  const ref = context.words[0]!;
  const { items } = await (await context.client()).call("folderList");
  const found = items.find((each) => (ref.startsWith("/") ? each.path === clean(ref) : each.id === ref));
  return found && { kind: "site", id: found.id, name: found.path, revision: found.revision };
}

/** What is not listed is asked for all the same: the server says what is wrong. */
async function changed(context: Context, body: { name: string } | { parent: string | null }): Promise<void> {
  const seen = await folderNamed(context);
  const ref = context.words[0]!;
  const after = seen
    ? await uponSeen(context, seen, (client, ifMatch) => client.call("folderChange", { params: { id: seen.id }, body, ...ifMatch }))
    : await (await context.client()).call("folderChange", { params: { id: ref }, body });
  context.say(`${escapeText(ref)} is now ${escapeText(after.path)}`);
}

/** `folder rename PATH NAME`. */
export const rename: Run = (context) => changed(context, { name: context.words[1]! });

/** `folder move PATH INTO`. */
export const move: Run = (context) => changed(context, { parent: clean(context.words[1]!) === "/" ? null : context.words[1]! });

/** `folder delete PATH`. */
export const remove: Run = async (context) => {
  const seen = await folderNamed(context);
  const ref = context.words[0]!;
  if (seen) await uponSeen(context, seen, (client, ifMatch) => client.call("folderRemove", { params: { id: seen.id }, ...ifMatch }));
  else await (await context.client()).call("folderRemove", { params: { id: ref } });
  context.say(`${escapeText(ref)} deleted`);
};

/** `folder put PATH VM…`. */
export const put: Run = async (context) => {
  const [path, ...words] = context.words as [string, ...string[]];
  const client = await context.client();
  const folder = clean(path) === "/" ? null : path;
  if (context.options["host"] === true) {
    for (const id of words) {
      const host = await client.call("hostGet", { params: { id } });
      await uponSeen(context, host, (_, ifMatch) => client.call("hostChange", { params: { id: host.id }, body: { folder }, ...ifMatch }));
      context.say(`${escapeText(host.name)} is in ${escapeText(path)}`);
    }
    return;
  }
  const targets = targetsOf(words);
  const refs = targets.vms ?? (await listAll(client, "vmList", { filter: targets.select, fields: "id" })).map((vm) => vm.id);
  if (refs.length === 0) context.note("No VM fits.");
  for (const id of refs) {
    const vm = await client.call("vmGet", { params: { id } });
    await uponSeen(context, vm, (_, ifMatch) => client.call("vmChange", { params: { id: vm.id }, body: { folder }, ...ifMatch }));
    context.say(`${escapeText(vm.name)} is in ${escapeText(path)}`);
  }
};
