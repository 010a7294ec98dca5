import { hostname, userInfo } from "node:os";
import { askSecret, inputLines } from "../asking.ts";
import type { Context, Run } from "../command.ts";
import { connect } from "../connection/connect.ts";
import { checkUrl, isExposed } from "../connection/locate.ts";
import { knownCertificate } from "../connection/knownServers.ts";
import { readProfile, removeProfile, writeProfile, type Profile } from "../connection/profile.ts";
import { settleTrust } from "../connection/trust.ts";
import { openSession } from "../connection/signIn.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, isApiError, usageFailure } from "../failure.ts";
import { escapeText } from "../output/escape.ts";
import { timeText } from "../output/quantity.ts";
import { show } from "../show.ts";

const firstLine = async (context: Context): Promise<string> => (await inputLines(context.io))[0] ?? "";

/**
 * `login`: by a one-time code, by name and pass phrase, or with a token. A code or pass phrase is only used
 * to make an API token for this machine; that is kept, in a file of the user's own, until `logout` revokes it.
 */
export const login: Run = async (context) => {
  const { options, io } = context;
  const url = options["url"] === undefined ? (await context.server()).url : checkUrl(options["url"] as string, "--url");
  const ways = [options["code"], options["token"], options["name"]].filter((way) => way !== undefined).length;
  if (ways > 1) throw usageFailure("--code, --token and --name exclude each other.");
  if (options["provider"] !== undefined && (options["code"] !== undefined || options["token"] !== undefined))
    throw usageFailure("--provider goes with --name, or alone for a sign-in in a browser.");
  const certificate = await settleTrust(context, url, options["fingerprint"] as string | undefined);
  if (isExposed(url)) context.note(`The connection to ${url} is not encrypted: whoever is in between can read along. Put https in front of the server.`);
  let profile: Profile;
  if (options["token"] !== undefined) {
    const token = options["token"] === "-" ? await firstLine(context) : (options["token"] as string);
    profile = { url, token };
  } else {
    const session = await openSession(context, connect({ url, token: undefined, certificate, found: "--url" }));
    const signedIn = connect({ url, token: session.token, certificate, found: "--url" });
    const made = await signedIn.call("tokenCreate", { body: { name: `polyvisor CLI of ${userInfo().username}@${hostname()}`.slice(0, 255) } });
    await signedIn.call("sessionDelete").catch(() => undefined); // it ends by itself
    profile = { url, token: made.token, tokenId: made.id };
  }
  const account = await connect({ url, token: profile.token, certificate, found: "--url" }).call("accountGet");
  const path = writeProfile(io.env, profile);
  context.say(`Signed in to ${url} as ${escapeText(account.name)}; kept in ${path}.`);
};

/** `logout`. */
export const logout: Run = async (context) => {
  const profile = readProfile(context.io.env);
  if (!profile) throw new CliFailure(exitCodes.notAllowed, "You are not signed in to any server.", "polyvisor login signs in.");
  if (profile.tokenId) {
    await connect({ ...profile, certificate: knownCertificate(context.io.env, profile.url), found: "polyvisor login" })
      .call("tokenDelete", { params: { id: profile.tokenId } })
      .catch((error: unknown) => {
        // Revoked already is as good; a server that does not answer is said, and the file goes all the same.
        if (!isApiError(error)) context.note(`${(error as Error).message} The token could not be revoked there; polyvisor token revoke does it later.`);
      });
  }
  removeProfile(context.io.env);
  context.say(`Signed out of ${profile.url}.`);
};

/** `sign-in code`. */
export const signInCode: Run = async (context) => {
  const made = await (await context.client()).call("signInCodeCreate");
  await show(context, made, () => [escapeText(made.url), `Code ${escapeText(made.code)}, valid once until ${timeText(made.expiresAt) ?? made.expiresAt}`]);
};

/** `pass-phrase`. */
export const passPhrase: Run = async (context) => {
  const client = await context.client();
  const account = await client.call("accountGet");
  let fresh: string;
  let current: string | undefined;
  if (context.io.stdin.isTTY) {
    if (account.hasPassPhrase) current = await askSecret("Present pass phrase (leave empty where you forgot it)");
    fresh = await askSecret("New pass phrase: 8 characters or more, spaces count");
    if (fresh !== (await askSecret("The same again"))) throw usageFailure("The two are not the same; nothing was changed.");
  } else {
    const lines = await inputLines(context.io);
    fresh = lines[0] ?? "";
    current = lines[1];
  }
  await client.call("accountPassPhrase", { body: { new: fresh, ...(current ? { current } : {}) } });
  context.say(`The pass phrase of ${escapeText(account.name)} is set.`);
};
