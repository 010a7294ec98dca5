import { readFileSync } from "node:fs";
import type { Args } from "@polyvisor/api/client";
import { askSecret, inputLines } from "../asking.ts";
import { confirm } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { uponSeen } from "../conflict.ts";
import { exitCodes } from "../exitCode.ts";
import { isApiError, usageFailure } from "../failure.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { show } from "../show.ts";

type Settings = NonNullable<Args<"identityProviderPut">["body"]>["settings"];

/** `identity-provider list`. */
export const list: Run = async (context) => {
  const { items } = await (await context.client()).call("identityProviderList");
  await showList(
    context,
    items,
    [
      { title: "NAME", text: (each) => each.name },
      { title: "KIND", text: (each) => each.settings.kind },
      { title: "STATE", text: (each) => (each.enabled ? "enabled" : "disabled") },
      { title: "AT", text: ({ settings }) => (settings.kind === "oidc" ? settings.issuer : settings.urls.join(", ")) },
      { title: "GROUPS", text: ({ settings }) => settings.groups.map(({ from, to }) => `${from}=${to}`).join(", ") },
    ],
    { name: (each) => each.name, empty: "There are no identity providers. polyvisor identity-provider set NAME makes one." },
  );
};

/** `identity-provider info NAME`. */
export const info: Run = async (context) => {
  const found = await (await context.client()).call("identityProviderGet", { params: { id: context.words[0]! } });
  await show(context, found, () => [
    `Name    ${found.name}`,
    `State   ${found.enabled ? "enabled" : "disabled"}`,
    `Secret  ${found.hasSecret ? "kept" : "none"}`,
    ...Object.entries(found.settings)
      .filter(([name]) => name !== "ca")
      .map(([name, value]) => `${name}: ${escapeText(typeof value === "string" ? value : JSON.stringify(value))}`),
    ...(found.settings.ca === undefined ? [] : ["ca: a certificate of the site's"]),
  ]);
};

/** Options whose value goes as it is into the setting of the same name. */
const texts = {
  oidc: ["issuer", "clientId", "nameClaim", "displayNameClaim", "groupsClaim", "serverUrl"],
  ldap: ["bindDn", "baseDn", "userFilter", "idAttribute", "nameAttribute", "displayNameAttribute", "groupBaseDn", "groupFilter", "groupAttribute"],
} as const;

/** What the options say, over what was set before. */
function settingsOf(options: Record<string, unknown>, before: Record<string, unknown> | undefined): Settings {
  const kind = before?.["kind"] ?? (options["issuer"] !== undefined ? "oidc" : options["ldapUrl"] !== undefined ? "ldap" : undefined);
  if (kind !== "oidc" && kind !== "ldap") throw usageFailure("A new provider needs --issuer URL (OpenID Connect) or --ldap-url URL (a directory).");
  const other = kind === "oidc" ? "ldap" : "oidc";
  const foreign = texts[other].find((name) => options[name] !== undefined) ?? (kind === "oidc" && options["ldapUrl"] !== undefined ? "ldapUrl" : undefined);
  if (foreign !== undefined)
    throw usageFailure(
      `--${foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for ${other === "oidc" ? "OpenID providers" : "directories"} only.`,
    );
  const out: Record<string, unknown> = { ...before, kind };
  for (const name of texts[kind]) if (options[name] !== undefined) out[name] = options[name];
  if (kind === "ldap" && options["ldapUrl"] !== undefined) out["urls"] = options["ldapUrl"];
  if (kind === "ldap" && options["startTls"] !== undefined) out["startTls"] = options["startTls"];
  if (kind === "oidc" && options["scope"] !== undefined) out["scopes"] = options["scope"];
  if (options["create"] !== undefined) out["create"] = options["create"] === "yes";
  if (options["ca"] !== undefined) out["ca"] = readText(options["ca"] as string);
  if (options["map"] !== undefined) out["groups"] = (options["map"] as string[]).map(mappingOf);
  return out as Settings;
}

/** `THERE=HERE`; a DN has signs of equality itself, so that the last one counts. */
function mappingOf(text: string): { from: string; to: string } {
  const at = text.lastIndexOf("=");
  if (at < 1 || at === text.length - 1) throw usageFailure(`--map ${text} is not GROUP-THERE=GROUP-HERE.`);
  return { from: text.slice(0, at), to: text.slice(at + 1) };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usageFailure(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"}).`);
  }
}

async function secretOf({ options, io }: Context): Promise<string | undefined> {
  if (options["secret"] !== true) return undefined;
  return io.stdin.isTTY ? askSecret("Client secret, or pass phrase of the bind account") : ((await inputLines(io))[0] ?? "");
}

/** `identity-provider set NAME`. */
export const set: Run = async (context) => {
  const id = context.words[0]!;
  const { options } = context;
  const client = await context.client();
  const before = await client.call("identityProviderGet", { params: { id } }).catch((error: unknown) => {
    if (isApiError(error) && error.problem.code === "notFound") return undefined;
    throw error;
  });
  const settings = settingsOf(options, before?.settings);
  const secret = await secretOf(context);
  const enabled = options["disable"] ? false : options["enable"] ? true : (before?.enabled ?? true);
  const body = { settings, enabled, ...(secret === undefined ? {} : { secret }) };
  const put = (ifMatch: { ifMatch?: string }) => client.call("identityProviderPut", { params: { id }, body, ...ifMatch });
  const kept = before ? await uponSeen(context, { kind: "site", id, name: id, revision: before.revision }, (_, ifMatch) => put(ifMatch)) : await put({});
  await show(context, kept, () => [`${kept.name} ${before ? "changed" : "made"}; polyvisor identity-provider test ${kept.name} tries it out`]);
};

/** `identity-provider test NAME [PERSON]`. */
export const test: Run = async (context) => {
  const [id, name] = context.words as [string, string | undefined];
  const result = await (await context.client()).call("identityProviderTest", { params: { id }, body: name === undefined ? {} : { name } });
  await show(context, result, () =>
    result.steps.flatMap(({ what, ok, detail, remedy }) => [
      `${ok ? context.paint("green", "ok    ") : context.paint("red", "failed")} ${escapeText(what)}: ${escapeText(detail)}`,
      ...(remedy === undefined ? [] : [`       ${escapeText(remedy)}`]),
    ]),
  );
  return result.ok ? exitCodes.ok : exitCodes.failed;
};

/** `identity-provider remove NAME`. */
export const remove: Run = async (context) => {
  const id = context.words[0]!;
  const { revision } = await (await context.client()).call("identityProviderGet", { params: { id } });
  await confirm(context, `Remove ${id}? Its accounts stay, and nobody signs in by them.`);
  const seen = { kind: "site" as const, id, name: id, revision };
  await uponSeen(context, seen, (client, ifMatch) => client.call("identityProviderRemove", { params: { id }, ...ifMatch }));
  context.say(`${escapeText(id)} removed`);
};
