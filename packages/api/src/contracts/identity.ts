import { z } from "zod";
import { id, type Contract } from "./parts.ts";

/** A pass phrase: 8 to 1,024 characters (code points) of any Unicode; spaces count and are kept. */
export const passPhraseSchema = z.string().refine((text) => {
  const length = [...text].length;
  return length >= 8 && length <= 1024;
}, "a pass phrase has 8 to 1,024 characters");

const tokenSchema = z.object({ id: z.string(), name: z.string(), createdAt: z.string(), lastUsedAt: z.string().optional(), expiresAt: z.string().optional() });
const accountSchema = z.object({ id: z.string(), name: z.string(), hasPassPhrase: z.boolean() });

export const identityContracts = {
  sessionCreate: {
    summary: "Sign in by a one-time code or by name and pass phrase",
    who: "anyone",
    status: 201,
    body: z.union([z.strictObject({ code: z.string().max(128) }), z.strictObject({ name: z.string().max(255), passPhrase: z.string().max(4096) })]),
    response: z.object({ token: z.string(), expiresAt: z.string(), account: accountSchema }),
  },
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
    }),
    response: tokenSchema.extend({ token: z.string() }),
  },
  tokenDelete: { summary: "Revoke an API token", who: "account", status: 204, params: id },
} as const satisfies Record<string, Contract>;
