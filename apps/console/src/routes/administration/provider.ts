import type { Args } from "@polyvisor/api/client";
import type { api } from "../../session/session.ts";
import type { TextKey } from "../../texts/texts.ts";

/** An identity provider as the API tells it; its secret is never among it. */
export type Provider = Awaited<ReturnType<typeof api.call<"identityProviderList">>>["items"][number];
/** What is sent of its settings. */
export type ProviderSettings = NonNullable<Args<"identityProviderPut">["body"]>["settings"];

/** A setting that is a text: its name in the API, and what is offered where it is empty. */
export interface TextSetting {
  name: string;
  text: TextKey;
  help?: TextKey;
  placeholder?: string;
  required?: true;
  /** A list, a word each. */
  list?: true;
  lines?: number;
}

/** What is asked of each kind, in the order of the form; what is left empty is as the server has it. */
export const textSettings: Readonly<Record<"oidc" | "ldap", readonly TextSetting[]>> = {
  oidc: [
    { name: "issuer", text: "administration.idp.issuer", placeholder: "https://id.example/realms/site", required: true },
    { name: "clientId", text: "administration.idp.clientId", placeholder: "polyvisor", required: true },
    { name: "serverUrl", text: "administration.idp.serverUrl", help: "administration.idp.serverUrlHelp" },
    { name: "scopes", text: "administration.idp.scopes", placeholder: "openid profile email", list: true },
    { name: "groupsClaim", text: "administration.idp.groupsClaim", placeholder: "groups" },
    { name: "nameClaim", text: "administration.idp.nameClaim", placeholder: "preferred_username" },
    { name: "displayNameClaim", text: "administration.idp.displayNameClaim", placeholder: "name" },
  ],
  ldap: [
    { name: "urls", text: "administration.idp.urls", help: "administration.idp.urlsHelp", placeholder: "ldaps://ldap.example", required: true, list: true },
    { name: "bindDn", text: "administration.idp.bindDn", placeholder: "cn=reader,dc=example,dc=org" },
    { name: "baseDn", text: "administration.idp.baseDn", placeholder: "ou=people,dc=example,dc=org", required: true },
    { name: "userFilter", text: "administration.idp.userFilter", placeholder: "(uid={name})" },
    { name: "idAttribute", text: "administration.idp.idAttribute", help: "administration.idp.idAttributeHelp", placeholder: "entryUUID" },
    { name: "nameAttribute", text: "administration.idp.nameAttribute", placeholder: "uid" },
    { name: "displayNameAttribute", text: "administration.idp.displayNameAttribute", placeholder: "cn" },
    { name: "groupBaseDn", text: "administration.idp.groupBaseDn", placeholder: "ou=groups,dc=example,dc=org" },
    { name: "groupFilter", text: "administration.idp.groupFilter", placeholder: "(member={dn})" },
    { name: "groupAttribute", text: "administration.idp.groupAttribute", placeholder: "cn" },
  ],
};

/** Settings as a form shows them: every text by its name. */
export function textsOf(kind: "oidc" | "ldap", settings: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return Object.fromEntries(
    textSettings[kind].map(({ name }) => {
      const value = settings?.[name];
      return [name, Array.isArray(value) ? value.join(" ") : typeof value === "string" ? value : ""];
    }),
  );
}

/** Groups there and here, as lines `THERE = HERE`. */
export const groupLines = (groups: readonly { from: string; to: string }[]): string => groups.map(({ from, to }) => `${from} = ${to}`).join("\n");

/** What was written in a form, as the API wants it; an empty text is left out, so that the server's own holds. */
export function settingsOf(
  kind: "oidc" | "ldap",
  texts: Readonly<Record<string, string>>,
  more: { groups: string; ca: string; create: boolean; startTls: boolean },
): ProviderSettings {
  const written = textSettings[kind].flatMap(({ name, list }) => {
    const text = texts[name]?.trim() ?? "";
    return text === "" ? [] : [[name, list ? text.split(/[\s,]+/) : text]];
  });
  const groups = more.groups.split("\n").flatMap((line) => {
    // A name of a directory has equal signs itself (cn=admins,dc=example): the last one with spaces around it divides.
    const at = line.lastIndexOf(" = ");
    return line.trim() === "" ? [] : [{ from: (at < 0 ? line : line.slice(0, at)).trim(), to: (at < 0 ? line : line.slice(at + 3)).trim() }];
  });
  return {
    kind,
    ...Object.fromEntries(written),
    create: more.create,
    groups,
    ...(more.ca.trim() === "" ? {} : { ca: more.ca }),
    ...(kind === "ldap" ? { startTls: more.startTls } : {}),
  } as ProviderSettings;
}
