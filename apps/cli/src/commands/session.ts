import type { Run } from "../command.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { agoText, timeText } from "../output/quantity.ts";

/** `session list`. */
export const list: Run = async (context) => {
  const { options, io } = context;
  const query = options["all"] ? { all: "true" as const } : options["account"] === undefined ? {} : { account: options["account"] as string };
  const { items } = await (await context.client()).call("sessionList", { query });
  const now = io.now();
  await showList(
    context,
    items,
    [
      { title: "ID", text: (each) => each.id, whole: true },
      { title: "ACCOUNT", text: (each) => each.account },
      { title: "BY", text: (each) => each.by ?? "" },
      { title: "FROM", text: (each) => each.lastAddress ?? each.address ?? "" },
      { title: "USED", text: (each) => (each.current ? "now" : `${agoText(each.lastUsedAt ?? each.createdAt, now)} ago`) },
      { title: "CLIENT", text: (each) => each.client ?? "" },
    ],
    {
      name: (each) => each.id,
      empty: "There are no open sessions.",
      wide: [
        { title: "BEGAN", text: (each) => timeText(each.createdAt) },
        { title: "ENDS", text: (each) => timeText(each.expiresAt) },
      ],
    },
  );
};

/** `session revoke ID…`. */
export const revoke: Run = async (context) => {
  const client = await context.client();
  for (const id of context.words) {
    await client.call("sessionRevoke", { params: { id } });
    context.say(`${escapeText(id)} ended`);
  }
};
