import { z } from "zod";
import { id, type Contract } from "./parts.ts";

const handle = z.string().min(1).max(8192);
/** What a browser's `navigator.credentials` gives, as JSON (WebAuthn, section 5.5): checked by the server's library. */
const credential = z.record(z.string().max(64), z.unknown());
const code = z.string().min(1).max(128);
const secondFactor = z.object({ code });
const recovery = z.object({ /** Each good for one sign-in; shown once. */ recoveryCodes: z.array(z.string()) });
const ceremony = z.object({
  /** For `navigator.credentials`. */ options: z.record(z.string(), z.unknown()),
  /** Comes back with the answer. */ handle: z.string(),
});
const passkey = z.object({ id: z.string(), name: z.string(), createdAt: z.string(), lastUsedAt: z.string().optional() });

/** Second factors and passkeys, and the ways of a browser. */
export const signInContracts = {
  signInWays: {
    summary: "Ways to sign in that this site offers",
    who: "anyone",
    status: 200,
    response: z.object({ providers: z.array(z.object({ name: z.string(), kind: z.enum(["oidc", "ldap"]) })) }),
  },
  signInBegin: {
    summary: "Begin to sign in by an OpenID provider: where the browser shall go",
    who: "anyone",
    status: 200,
    params: id,
    body: z.strictObject({
      /** SHA-256 of a secret of the client's own, base64url (as in PKCE). The one-time code that comes back needs the secret. */
      challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/, "not a SHA-256 in base64url"),
      /** Where the browser brings the code: `/PATH` of this server, or `http://127.0.0.1:PORT/PATH`. Shown to the person where absent. */
      returnTo: z.string().max(1024).optional(),
    }),
    response: z.object({ url: z.string() }),
  },
  signInCallback: {
    summary: "Where an OpenID provider sends the browser back to",
    who: "anyone",
    status: 200,
    media: "text/html",
    // The provider may add parameters of its own.
    query: z.record(z.string().max(128), z.union([z.string().max(8192), z.array(z.string().max(8192))])),
  },
  passkeySignIn: { summary: "Begin to sign in by a passkey", who: "anyone", status: 200, response: ceremony },
  passkeyList: { summary: "Your passkeys", who: "account", status: 200, response: z.object({ items: z.array(passkey) }) },
  passkeyBegin: { summary: "Begin to register a passkey", who: "account", status: 200, response: ceremony },
  passkeyAdd: {
    summary: "Register a passkey",
    who: "account",
    status: 201,
    body: z.strictObject({ name: z.string().min(1).max(255), handle, passkey: credential }),
    response: passkey,
  },
  passkeyRemove: { summary: "Remove a passkey", who: "account", status: 204, params: id },
  totpBegin: {
    summary: "Begin to set up an authenticator (RFC 6238); its secret is shown once",
    who: "account",
    status: 201,
    response: z.object({ secret: z.string(), uri: z.string() }),
  },
  totpConfirm: { summary: "Confirm the authenticator by its first code", who: "account", status: 200, body: secondFactor.strict(), response: recovery },
  totpRemove: {
    summary: "Take the authenticator away, by one of its codes or a recovery code",
    who: "account",
    status: 204,
    body: z.strictObject({ code: code.optional() }),
  },
  recoveryCodes: { summary: "Fresh recovery codes in place of the old ones", who: "account", status: 200, body: secondFactor.strict(), response: recovery },
} as const satisfies Record<string, Contract>;

/** For a browser: the session goes into a cookie that no script reads, and not into the answer. */
const inCookie = z.boolean().optional();

/** How someone comes in. */
export const signInBody = z.union([
  z.strictObject({ inCookie, code: z.string().max(128), /** Of a sign-in in a browser. */ verifier: z.string().max(256).optional() }),
  z.strictObject({ inCookie, passkey: credential, handle }),
  z.strictObject({
    inCookie,
    name: z.string().max(255),
    passPhrase: z.string().max(4096),
    /** A directory that knows the name; an account kept here where absent. */
    provider: z.string().max(64).optional(),
    /** Code of the authenticator, or a recovery code. */
    secondFactor: z.string().max(128).optional(),
    /** What an earlier sign-in on this device gave. */
    device: z.string().max(2048).optional(),
  }),
]);
