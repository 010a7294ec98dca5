import type { Run } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { usageFailure } from "../failure.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { show } from "../show.ts";

type Scope =
  | { on: "site" }
  | { on: "folder"; folder: string; path?: string | undefined }
  | { on: "tag"; tag: string }
  | { on: "selector"; filter: string }
  | { on: "object"; object: string };

function whereOf(scope: Scope): string {
  switch (scope.on) {
    case "site":
      return "the site";
    case "folder":
      return scope.path ?? `a folder that is gone (${scope.folder})`;
    case "tag":
      return `tag ${scope.tag}`;
    case "selector":
      return scope.filter;
    case "object":
      return scope.object;
  }
}

/** `permission list`. */
export const list: Run = async (context) => {
  const { items } = await (await context.client()).call("grantList");
  await showList(
    context,
    items,
    [
      { title: "ID", text: (each) => each.id, whole: true },
      { title: "EFFECT", text: (each) => each.effect },
      { title: "ROLE", text: (each) => each.role },
      { title: "WHO", text: (each) => `${each.subject.kind} ${each.subject.name}` },
      { title: "WHERE", text: (each) => whereOf(each.scope) },
    ],
    { name: (each) => each.id, empty: "There are no grants.", wide: [{ title: "BY", text: (each) => each.by ?? "" }] },
  );
};

/** `permission names`. */
export const names: Run = async (context) => {
  const { items } = await (await context.client()).call("permissionList");
  await showList(
    context,
    items,
    [
      { title: "PERMISSION", text: (each) => each.name, whole: true },
      { title: "MEANING", text: (each) => each.means },
    ],
    { name: (each) => each.name, empty: "There are no permissions." },
  );
};

/** A bare name is one of the kind that the permission is about, else a VM: `permission why vm.power web1`. */
function withKind(object: string, noun: string): string {
  if (object.includes("/") || /^[a-z]+-[0-9a-z]{12}$/.test(object)) return object;
  return `${["host", "datastore", "network"].includes(noun) ? noun : "vm"}/${object}`;
}

/** `permission why PERMISSION [OBJECT]`: exit code 1 where it is not allowed. */
export const why: Run = async (context) => {
  const [permission, about] = context.words as [string, string | undefined];
  const object = about === undefined ? undefined : withKind(about, permission.split(".")[0]!);
  const account = context.options["account"] as string | undefined;
  const client = await context.client();
  const answer = await client.call("permissionWhy", { query: { permission: permission as "vm.view", account, object } });
  await show(context, answer, () => answer.sentences.map((each) => escapeText(each)));
  return answer.allowed ? exitCodes.ok : exitCodes.failed;
};

/** `permission effective [OBJECT]`. */
export const effective: Run = async (context) => {
  const account = context.options["account"] as string | undefined;
  const answer = await (
    await context.client()
  ).call("permissionEffective", { query: { account, object: context.words[0] && withKind(context.words[0], "vm") } });
  await show(context, answer, () => (answer.permissions.length > 0 ? answer.permissions : [`${escapeText(answer.account)} may do nothing there.`]));
};

/** `permission grant ROLE`. */
export const grant: Run = async (context) => {
  const { account, group, site, folder, tag, select, object, deny } = context.options as Record<string, string | undefined> & { site?: true; deny?: true };
  if ((account === undefined) === (group === undefined)) throw usageFailure("Say to whom: either --account or --group.");
  const on = { ...(site ? { site } : {}), folder, tag, selector: select, object };
  if (Object.values(on).filter((each) => each !== undefined).length !== 1)
    throw usageFailure("Say where: one of --site, --folder, --tag, --select and --object.");
  const made = await (
    await context.client()
  ).call("grantCreate", { body: { role: context.words[0]!, account, group, on: on as { tag: string }, effect: deny ? "deny" : "allow" } });
  await show(context, made, () => [
    `${escapeText(made.subject.name)} ${made.effect === "allow" ? "has" : "is denied"} the role ${escapeText(made.role)} (${escapeText(whereOf(made.scope))}): ${made.id}`,
  ]);
};

/** `permission revoke GRANT…`. */
export const revoke: Run = async (context) => {
  const client = await context.client();
  for (const id of context.words) {
    await client.call("grantRemove", { params: { id } });
    context.say(`${escapeText(id)} taken back`);
  }
};
