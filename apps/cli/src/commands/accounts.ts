import { confirm } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { uponSeen } from "../conflict.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { agoText, timeText } from "../output/quantity.ts";
import { show } from "../show.ts";

interface Account {
  id: string;
  name: string;
  revision: number;
  displayName: string;
  source: string;
  provider?: string;
  disabled: boolean;
  hasPassPhrase: boolean;
  hasTotp: boolean;
  passkeys: number;
  groups: { name: string; via: string }[];
  lastSignInAt?: string;
}

const groupsText = ({ groups }: Account): string => [...new Set(groups.map((each) => each.name))].join(", ");
const waysText = (account: Account): string =>
  [
    account.provider === undefined ? "" : `${account.source} ${account.provider}`,
    account.hasPassPhrase ? "pass phrase" : "",
    account.hasTotp ? "authenticator" : "",
    account.passkeys > 0 ? `${account.passkeys} passkey${account.passkeys === 1 ? "" : "s"}` : "",
  ]
    .filter(Boolean)
    .join(", ") || "none yet";

/** `account list`. */
export const list: Run = async (context) => {
  const client = await context.client();
  const items: Account[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await client.call("accountList", { query: { limit: 1000, ...(cursor === undefined ? {} : { cursor }) } });
    items.push(...(page.items as Account[]));
    if (page.next === undefined) break;
    cursor = page.next;
  }
  const now = context.io.now();
  await showList(
    context,
    items,
    [
      { title: "NAME", text: (each) => each.name },
      { title: "STATE", text: (each) => (each.disabled ? "disabled" : "enabled") },
      { title: "GROUPS", text: groupsText },
      { title: "WAYS IN", text: waysText },
      { title: "SIGNED IN", text: (each) => (each.lastSignInAt ? `${agoText(each.lastSignInAt, now)} ago` : "never") },
    ],
    {
      name: (each) => each.name,
      empty: "There are no accounts.",
      wide: [
        { title: "ID", text: (each) => each.id },
        { title: "FULL NAME", text: (each) => each.displayName },
      ],
    },
  );
};

const tell = async (context: Context, account: Account): Promise<void> =>
  show(context, account, () => [
    `Name       ${escapeText(account.name)}${account.displayName ? ` (${escapeText(account.displayName)})` : ""}`,
    `Id         ${account.id}`,
    `State      ${account.disabled ? "disabled" : "enabled"}`,
    `Groups     ${escapeText(account.groups.map((each) => (each.via === "local" ? each.name : `${each.name} (by ${each.via})`)).join(", ")) || "none"}`,
    `Ways in    ${escapeText(waysText(account))}`,
    `Signed in  ${account.lastSignInAt ? timeText(account.lastSignInAt) : "never"}`,
  ]);

/** `account info ACCOUNT`, and `account me`. */
export const info: Run = async (context) => {
  const client = await context.client();
  const [ref] = context.words;
  await tell(context, (ref === undefined ? await client.call("accountGet") : await client.call("accountShow", { params: { id: ref } })) as Account);
};

/** `account create NAME`. */
export const create: Run = async (context) => {
  const { options, words } = context;
  const client = await context.client();
  const account = await client.call("accountCreate", {
    body: {
      name: words[0]!,
      ...(options["fullName"] === undefined ? {} : { displayName: options["fullName"] as string }),
      ...(options["group"] === undefined ? {} : { groups: options["group"] as string[] }),
    },
  });
  const invitation = await client.call("accountCode", { params: { id: account.id } });
  await show(context, { ...account, code: invitation.code, url: invitation.url }, () => [
    `${escapeText(account.name)} made`,
    escapeText(invitation.url),
    `Code ${escapeText(invitation.code)}, valid once until ${timeText(invitation.expiresAt) ?? invitation.expiresAt}: with it the person signs in and sets a pass phrase`,
  ]);
};

const accountNamed = async (context: Context): Promise<Account> =>
  (await (await context.client()).call("accountShow", { params: { id: context.words[0]! } })) as Account;
/** Changes an account as it was looked up. */
const changed = async (context: Context, body: { displayName: string } | { disabled: boolean }): Promise<Account> => {
  const { id, name, revision } = await accountNamed(context);
  return uponSeen(
    context,
    { kind: "site", id, name, revision },
    async (client, ifMatch) => (await client.call("accountChange", { params: { id }, body, ...ifMatch })) as Account,
  );
};

/** `account rename ACCOUNT FULL-NAME`. */
export const rename: Run = async (context) => tell(context, await changed(context, { displayName: context.words[1]! }));

const setDisabled =
  (disabled: boolean): Run =>
  async (context) => {
    const account = await changed(context, { disabled });
    context.say(`${escapeText(account.name)} ${disabled ? "disabled: its sessions have ended" : "enabled"}`);
  };
/** `account disable ACCOUNT`. */
export const disable = setDisabled(true);
/** `account enable ACCOUNT`. */
export const enable = setDisabled(false);

/** `account remove ACCOUNT`. */
export const remove: Run = async (context) => {
  const { id, name, revision } = await accountNamed(context);
  await confirm(context, `Remove the account ${name} with its tokens and sessions?`);
  await uponSeen(context, { kind: "site", id, name, revision }, (client, ifMatch) => client.call("accountRemove", { params: { id }, ...ifMatch }));
  context.say(`${escapeText(name)} removed`);
};

/** `account code ACCOUNT`. */
export const code: Run = async (context) => {
  const made = await (await context.client()).call("accountCode", { params: { id: context.words[0]! } });
  await show(context, made, () => [escapeText(made.url), `Code ${escapeText(made.code)}, valid once until ${timeText(made.expiresAt) ?? made.expiresAt}`]);
};

/** `account reset ACCOUNT`. */
export const reset: Run = async (context) => {
  const id = context.words[0]!;
  await confirm(context, `Take the pass phrase, authenticator and passkeys of ${id} away and end its sessions?`);
  await (await context.client()).call("accountReset", { params: { id } });
  context.say(`${escapeText(id)} reset: polyvisor account code ${escapeText(id)} lets its owner in again`);
};
