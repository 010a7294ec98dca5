import type { Args } from "@polyvisor/api/client";
import type { Run } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { agoText, timeText } from "../output/quantity.ts";
import { wholeNumber } from "./lifecycle.ts";
import { show } from "../show.ts";

/** `token list`. */
export const list: Run = async (context) => {
  const { items } = await (await context.client()).call("tokenList");
  const now = context.io.now();
  await showList(
    context,
    items,
    [
      { title: "ID", text: (token) => token.id, whole: true },
      { title: "NAME", text: (token) => token.name },
      { title: "MAY", text: (token) => scopeText(token.scope) },
      { title: "MADE", text: (token) => timeText(token.createdAt) },
      { title: "USED", text: (token) => (token.lastUsedAt ? `${agoText(token.lastUsedAt, now)} ago` : "never") },
      { title: "ENDS", text: (token) => (token.expiresAt ? timeText(token.expiresAt) : "never") },
    ],
    { name: (token) => token.name, empty: "You have no API tokens." },
  );
};

type Scope = NonNullable<Args<"tokenCreate">["body"]>["scope"];

function scopeOf(options: Record<string, unknown>): Scope {
  const [may, filter] = [options["may"] as string | undefined, options["filter"] as string | undefined];
  if (may === undefined) {
    if (filter !== undefined) throw usageFailure("--filter goes with --may.");
    return undefined;
  }
  const level = (["read", "operate", "admin"] as const).find((each) => each === may);
  return { may: level ?? may.split(",").map((each) => each.trim()), ...(filter === undefined ? {} : { filter }) };
}

/** What a token may, as `--may` and `--filter` say it. */
const scopeText = (scope: Scope): string =>
  scope === undefined
    ? "all"
    : [typeof scope.may === "string" ? scope.may : scope.may.join(","), ...(scope.filter === undefined ? [] : [`where ${scope.filter}`])].join(" ");

/** `token create NAME`: the token alone on standard output, for scripts. */
export const create: Run = async (context) => {
  const days = context.options["days"] === undefined ? undefined : wholeNumber(context.options["days"], "--days");
  const scope = scopeOf(context.options);
  const body = { name: context.words[0]!, ...(days === undefined ? {} : { expiresInSeconds: days * 86_400 }), ...(scope === undefined ? {} : { scope }) };
  const made = await (await context.client()).call("tokenCreate", { body });
  await show(context, made, () => [escapeText(made.token)]);
  if (context.output === "table")
    context.note(`This is the only time that the token is shown. ${made.expiresAt ? `It ends ${timeText(made.expiresAt)}.` : "It does not end by itself."}`);
};

/** `token revoke ID|NAME`. */
export const revoke: Run = async (context) => {
  const client = await context.client();
  const ref = context.words[0]!;
  const { items } = await client.call("tokenList");
  const byId = items.filter((token) => token.id === ref);
  const found = byId.length > 0 ? byId : items.filter((token) => token.name === ref);
  if (found.length !== 1)
    throw new CliFailure(
      exitCodes.notFound,
      found.length === 0 ? `You have no API token ${ref}.` : `${found.length} tokens are called ${ref}.`,
      "polyvisor token list shows them with their ids.",
    );
  await client.call("tokenDelete", { params: { id: found[0]!.id } });
  context.say(`${escapeText(found[0]!.name)} revoked`);
};
