import { z } from "zod";
import { accountSchema } from "./accounts.ts";
import { id, type Contract } from "./parts.ts";
import { signInBody } from "./signIn.ts";

/** A pass phrase: 8 to 1,024 characters (code points) of any Unicode; spaces count and are kept. */
export const passPhraseSchema = z.string().refine((text) => {
  const length = [...text].length;
  return length >= 8 && length <= 1024;
}, "a pass phrase has 8 to 1,024 characters");

/** What a token may do at most: a level or names of permissions, and on which objects. */
export const tokenScopeSchema = z.strictObject({
  may: z.union([
    z.enum(["read", "operate", "admin"]),
    z
      .array(z.string().regex(/^[a-z][A-Za-z0-9.:_-]{0,63}$/, "not the name of a permission"))
      .min(1)
      .max(64),
  ]),
  filter: z.string().min(1).max(4096).optional(),
});
const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.string(),
  lastUsedAt: z.string().optional(),
  expiresAt: z.string().optional(),
  scope: tokenScopeSchema.optional(),
});
const sessionSchema = z.object({
  id: z.string(),
  account: z.string(),
  accountId: z.string(),
  /** How it was earned: `passPhrase`, `passPhrase+totp`, `code`, `passkey`, `oidc:NAME`, `ldap:NAME`. */
  by: z.string().optional(),
  address: z.string().optional(),
  client: z.string().optional(),
  createdAt: z.string(),
  /** To the minute. */
  lastUsedAt: z.string().optional(),
  lastAddress: z.string().optional(),
  expiresAt: z.string().optional(),
  current: z.boolean(),
});

export const identityContracts = {
  sessionCreate: {
    summary: "Sign in by a one-time code, a passkey, or name and pass phrase with a second factor",
    who: "anyone",
    status: 201,
    body: signInBody,
    response: z.object({
      /** Empty where it went into a cookie. */
      token: z.string(),
      expiresAt: z.string(),
      account: accountSchema,
      /** For the device to keep and to send next time. */ device: z.string().optional(),
    }),
  },
  sessionList: {
    summary: "Open sessions: yours, or with `account` another's, or with `all` everybody's",
    who: "account",
    status: 200,
    query: z.strictObject({ account: z.string().min(1).max(512).optional(), all: z.enum(["true", "false"]).optional() }),
    response: z.object({ items: z.array(sessionSchema) }),
  },
  sessionRevoke: { summary: "End a session: one of yours, or as an administrator anyone's", who: "account", status: 204, params: id },
  sessionDelete: { summary: "Sign out", who: "account", status: 204 },
  signInCodeCreate: {
    summary: "Make a one-time sign-in code",
    who: "account",
    status: 201,
    response: z.object({ code: z.string(), url: z.string(), expiresAt: z.string() }),
  },
  accountGet: { summary: "Who you are", who: "account", status: 200, response: accountSchema },
  accountPassPhrase: {
    summary: "Set your pass phrase",
    who: "account",
    status: 204,
    body: z.strictObject({ current: z.string().max(4096).optional(), new: passPhraseSchema }),
  },
  tokenList: { summary: "Your API tokens", who: "account", status: 200, response: z.object({ items: z.array(tokenSchema) }) },
  tokenCreate: {
    summary: "Make an API token; it is shown once",
    who: "account",
    status: 201,
    body: z.strictObject({
      name: z.string().min(1).max(255),
      expiresInSeconds: z
        .number()
        .int()
        .min(60)
        .max(10 * 365 * 86_400)
        .optional(),
      scope: tokenScopeSchema.optional(),
    }),
    response: tokenSchema.extend({ token: z.string() }),
  },
  tokenDelete: { summary: "Revoke an API token", who: "account", status: 204, params: id },
} as const satisfies Record<string, Contract>;
