import type { Client } from "@polyvisor/api/client";
import type { Run } from "../command.ts";
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

/** The id of a folder by its path: a path has slashes, which a URL's part cannot. */
async function idOf(client: Client, path: string): Promise<string> {
  if (!path.startsWith("/")) return path;
  const { items } = await client.call("folderList");
  // What is not listed is asked for all the same: the server says what is wrong.
  return items.find((each) => each.path === clean(path))?.id ?? path;
}

/** `folder rename PATH NAME`. */
export const rename: Run = async (context) => {
  const [path, name] = context.words as [string, string];
  const client = await context.client();
  const changed = await client.call("folderChange", { params: { id: await idOf(client, path) }, body: { name } });
  context.say(`${escapeText(path)} is now ${escapeText(changed.path)}`);
};

/** `folder move PATH INTO`. */
export const move: Run = async (context) => {
  const [path, into] = context.words as [string, string];
  const client = await context.client();
  const changed = await client.call("folderChange", { params: { id: await idOf(client, path) }, body: { parent: clean(into) === "/" ? null : into } });
  context.say(`${escapeText(path)} is now ${escapeText(changed.path)}`);
};

/** `folder delete PATH`. */
export const remove: Run = async (context) => {
  const path = context.words[0]!;
  const client = await context.client();
  await client.call("folderRemove", { params: { id: await idOf(client, path) } });
  context.say(`${escapeText(path)} deleted`);
};

/** `folder put PATH VM…`. */
export const put: Run = async (context) => {
  const [path, ...words] = context.words as [string, ...string[]];
  const client = await context.client();
  const folder = clean(path) === "/" ? null : path;
  if (context.options["host"] === true) {
    for (const id of words)
      context.say(`${escapeText((await client.call("hostChange", { params: { id }, body: { folder } })).name)} is in ${escapeText(path)}`);
    return;
  }
  const targets = targetsOf(words);
  const refs = targets.vms ?? (await listAll(client, "vmList", { filter: targets.select, fields: "id" })).map((vm) => vm.id);
  if (refs.length === 0) context.note("No VM fits.");
  for (const id of refs) context.say(`${escapeText((await client.call("vmChange", { params: { id }, body: { folder } })).name)} is in ${escapeText(path)}`);
};
