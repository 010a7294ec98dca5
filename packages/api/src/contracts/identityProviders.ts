import { z } from "zod";
import type { Contract } from "./parts.ts";

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "a provider's name has 1 to 32 of a-z, 0-9 and dash")
  .refine((text) => text !== "local", "local is what is kept here");
const params = z.object({ id: name });
const claim = z.string().min(1).max(255);
const attribute = z.string().regex(/^[A-Za-z][A-Za-z0-9;.-]{0,127}$/, "not the name of an attribute");
const dn = z.string().min(1).max(1024);
const filter = z
  .string()
  .max(1024)
  .regex(/^\(.+\)$/s, "a filter is written in brackets, like (uid={name})");
const common = {
  /** Makes an account for who comes for the first time. */
  create: z.boolean().default(true),
  /** Groups there that stand for groups here. */
  groups: z
    .array(z.strictObject({ from: z.string().min(1).max(1024), to: z.string().min(1).max(128) }))
    .max(256)
    .default([]),
  /** PEM of the authority that the provider's certificate is of. */
  ca: z
    .string()
    .max(65_536)
    .refine((text) => text.includes("-----BEGIN CERTIFICATE-----"), "not a certificate in PEM form")
    .optional(),
};
const url = (schemes: readonly string[]) =>
  z
    .string()
    .max(1024)
    .refine(
      (text) => {
        const found = /^([a-z]+):\/\/[A-Za-z0-9.[\]:_-]+(?:\/[\x21-\x7e]*)?$/.exec(text);
        return found !== null && schemes.includes(found[1]!) && URL.canParse(text) && !text.includes("#");
      },
      `not a URL with ${schemes.join(" or ")}`,
    );

const oidcSettings = z.strictObject({
  kind: z.literal("oidc"),
  issuer: url(["https", "http"]),
  clientId: z.string().min(1).max(255),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, "not a scope"))
    .max(32)
    .default(["openid", "profile", "email"]),
  nameClaim: claim.default("preferred_username"),
  displayNameClaim: claim.default("name"),
  groupsClaim: claim.optional(),
  /** By which browsers reach this server, where that is not the URL that it knows. */
  serverUrl: url(["https", "http"]).optional(),
  ...common,
});
const ldapSettings = z.strictObject({
  kind: z.literal("ldap"),
  urls: z
    .array(url(["ldaps", "ldap"]))
    .min(1)
    .max(8),
  startTls: z.boolean().default(false),
  bindDn: dn.optional(),
  baseDn: dn,
  userFilter: filter.default("(uid={name})"),
  /** Never changes and is never given to another. */
  idAttribute: attribute.default("entryUUID"),
  nameAttribute: attribute.default("uid"),
  displayNameAttribute: attribute.default("cn"),
  groupBaseDn: dn.optional(),
  groupFilter: filter.default("(member={dn})"),
  groupAttribute: attribute.default("cn"),
  ...common,
});
const settings = z.discriminatedUnion("kind", [oidcSettings, ldapSettings]);
const provider = z.object({
  name: z.string(),
  enabled: z.boolean(),
  revision: z.number().int(),
  changedAt: z.string(),
  hasSecret: z.boolean(),
  settings,
});

/** Identity providers, as who administers them sees them. Their secrets are written and never read. */
export const identityProviderContracts = {
  identityProviderList: { summary: "Identity providers", who: "account", status: 200, response: z.object({ items: z.array(provider) }) },
  identityProviderGet: { summary: "One identity provider", who: "account", status: 200, params, response: provider },
  identityProviderPut: {
    summary: "Make or change an identity provider",
    who: "account",
    status: 200,
    params,
    body: z.strictObject({
      enabled: z.boolean().optional(),
      settings,
      /** Client secret or bind pass phrase; kept where left out. */ secret: z.string().max(4096).optional(),
    }),
    response: provider,
  },
  identityProviderRemove: { summary: "Remove an identity provider; its accounts stay, and nobody comes in by them", who: "account", status: 204, params },
  identityProviderTest: {
    summary: "Try an identity provider out: what works, what does not, and the remedy",
    who: "account",
    status: 200,
    params,
    body: z.strictObject({ /** A person to look for; directories only. */ name: z.string().min(1).max(255).optional() }),
    response: z.object({
      ok: z.boolean(),
      steps: z.array(z.object({ what: z.string(), ok: z.boolean(), detail: z.string(), remedy: z.string().optional() })),
    }),
  },
} as const satisfies Record<string, Contract>;
