import { askSecret, inputLines } from "../asking.ts";
import type { Context, Run } from "../command.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { timeText } from "../output/quantity.ts";
import { show } from "../show.ts";

const ask = async ({ io }: Context, question: string): Promise<string> => (io.stdin.isTTY ? askSecret(question) : ((await inputLines(io))[0] ?? ""));

const tellCodes = (context: Context, answer: { recoveryCodes: string[] }): Promise<void> =>
  show(context, answer, () => [
    "Recovery codes, each good for one sign-in without the authenticator. They are shown this once: print them, or keep them where your pass phrases are.",
    ...answer.recoveryCodes.map((code) => `  ${code}`),
  ]);

/** `second-factor enable`. */
export const enable: Run = async (context) => {
  const client = await context.client();
  const { secret, uri } = await client.call("totpBegin");
  context.note(`Give this secret to your authenticator (an app for one-time codes, RFC 6238):\n\n  ${secret}\n  ${uri}\n`);
  const code = await ask(context, "The code that it shows now");
  await tellCodes(context, await client.call("totpConfirm", { body: { code } }));
  context.note("From now on a sign-in by pass phrase asks for a code.");
};

/** `second-factor disable`. */
export const disable: Run = async (context) => {
  const code = await ask(context, "A code of the authenticator, or a recovery code (leave empty on the server's own machine)");
  await (await context.client()).call("totpRemove", { body: code === "" ? {} : { code } });
  context.say("The authenticator is not asked for any more.");
};

/** `second-factor recovery-codes`. */
export const recoveryCodes: Run = async (context) => {
  const code = await ask(context, "A code of the authenticator, or a recovery code");
  await tellCodes(context, await (await context.client()).call("recoveryCodes", { body: { code } }));
};

/** `passkey list`. */
export const listPasskeys: Run = async (context) => {
  const { items } = await (await context.client()).call("passkeyList");
  await showList(
    context,
    items,
    [
      { title: "NAME", text: (each) => each.name },
      { title: "MADE", text: (each) => timeText(each.createdAt) },
      { title: "USED", text: (each) => (each.lastUsedAt ? timeText(each.lastUsedAt) : "never") },
      { title: "ID", text: (each) => each.id, whole: true },
    ],
    { name: (each) => each.id, empty: "You have no passkeys. A browser registers them." },
  );
};

/** `passkey remove ID`. */
export const removePasskey: Run = async (context) => {
  const id = context.words[0]!;
  await (await context.client()).call("passkeyRemove", { params: { id } });
  context.say(`${escapeText(id)} removed`);
};
