import { z } from "zod";
import { id, page, type Contract } from "./parts.ts";

/** Name of a local account: no letters that look like others. Accounts of identity providers are called `NAME@PROVIDER`. */
export const accountNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "an account's name has 1 to 64 of a-z, 0-9, dot, dash and underscore, and begins with a letter or digit");
const displayName = z
  .string()
  .max(255)
  // eslint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f\u007f]*$/u, "a name has no control characters");
/** Name of a group. */
export const groupNameSchema = z
  .string()
  .max(128)
  .regex(
    // eslint-disable-next-line no-control-regex
    /^[^\u0000-\u001f\u007f\s/](?:[^\u0000-\u001f\u007f/]*[^\u0000-\u001f\u007f\s/])?$/u,
    "a group's name has no slash, no control characters and no space at its ends",
  );

const groupIn = z.object({ id: z.string(), name: z.string(), /** `local`, or the identity provider that says so. */ via: z.string() });
export const accountSchema = z.object({
  id: z.string(),
  name: z.string(),
  displayName: z.string(),
  source: z.enum(["local", "oidc", "ldap"]),
  provider: z.string().optional(),
  disabled: z.boolean(),
  revision: z.number().int(),
  hasPassPhrase: z.boolean(),
  hasTotp: z.boolean(),
  passkeys: z.number().int(),
  groups: z.array(groupIn),
  createdAt: z.string(),
  lastSignInAt: z.string().optional(),
});
const groupSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  revision: z.number().int(),
  members: z.number().int(),
  createdAt: z.string(),
});
const description = z.string().max(1024);
const byName = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(100), cursor: z.string().max(512).optional() });
const member = z.object({ id: z.string().min(1).max(512), account: z.string().min(1).max(512) });

/** Accounts and groups, as who administers them sees them. */
export const accountsContracts = {
  accountList: { summary: "Accounts, by name", who: "account", status: 200, query: byName, response: page(accountSchema) },
  accountCreate: {
    summary: "Make a local account",
    who: "account",
    status: 201,
    body: z.strictObject({
      name: accountNameSchema,
      displayName: displayName.optional(),
      /** By id or name. */
      groups: z.array(z.string().min(1).max(512)).max(64).optional(),
    }),
    response: accountSchema,
  },
  accountShow: { summary: "One account", who: "account", status: 200, params: id, response: accountSchema },
  accountChange: {
    summary: "Change an account, or disable it: what it has open ends and nothing of it comes in",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({ displayName: displayName.optional(), disabled: z.boolean().optional() }),
    response: accountSchema,
  },
  accountRemove: { summary: "Remove an account with its tokens, sessions and factors", who: "account", status: 204, params: id },
  accountCode: {
    summary: "Make a one-time sign-in code for an account: an invitation, or the way back in",
    who: "account",
    status: 201,
    params: id,
    response: z.object({ code: z.string(), url: z.string(), expiresAt: z.string() }),
  },
  accountReset: {
    summary: "Take an account's pass phrase, authenticator, recovery codes and passkeys away and end its sessions",
    who: "account",
    status: 204,
    params: id,
  },
  groupList: { summary: "Groups, by name", who: "account", status: 200, response: z.object({ items: z.array(groupSchema) }) },
  groupCreate: {
    summary: "Make a group",
    who: "account",
    status: 201,
    body: z.strictObject({ name: groupNameSchema, description: description.optional() }),
    response: groupSchema,
  },
  groupGet: {
    summary: "A group and who is in it",
    who: "account",
    status: 200,
    params: id,
    response: groupSchema.extend({ accounts: z.array(z.object({ id: z.string(), name: z.string(), via: z.string() })) }),
  },
  groupChange: {
    summary: "Change a group",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({ name: groupNameSchema.optional(), description: description.optional() }),
    response: groupSchema,
  },
  groupRemove: { summary: "Remove a group; its members stay accounts", who: "account", status: 204, params: id },
  memberAdd: { summary: "Put an account into a group", who: "account", status: 204, params: member },
  memberRemove: { summary: "Take an account out of a group", who: "account", status: 204, params: member },
} as const satisfies Record<string, Contract>;
