import type { Client } from "@polyvisor/api/client";
import type { Difference, HistoryChange } from "@polyvisor/api";
import { parseBytes } from "@polyvisor/model/units";
import type { Context, Run } from "../command.ts";
import { uponSeen } from "../conflict.ts";
import { isApiError, usageFailure } from "../failure.ts";
import { escapeText } from "../output/escape.ts";
import { bytesText, timeText } from "../output/quantity.ts";
import { factLines, tableLines } from "../output/table.ts";
import { pastTime } from "../pastTime.ts";
import { show as print } from "../show.ts";
import { selectorOf } from "../targets.ts";
import { wholeNumber } from "./lifecycle.ts";

const kinds = ["vm", "host", "datastore", "network"] as const;
type Kind = (typeof kinds)[number];
const routes = { vm: "vmHistory", host: "hostHistory", datastore: "datastoreHistory", network: "networkHistory" } as const;

/** The time that an option says, if it is given. */
export function timeOption(context: Context, name: string): string | undefined {
  const text = context.options[name];
  return typeof text === "string" ? pastTime(text, `--${name}`, context.io.now()) : undefined;
}

function kindOption(context: Context): Kind | undefined {
  const wanted = context.options["kind"];
  if (wanted === undefined) return undefined;
  return kinds.find((each) => each === wanted) ?? fail(`--kind takes ${kinds.join(", ")}, not ${String(wanted)}.`);
}
const fail = (sentence: string): never => {
  throw usageFailure(sentence);
};

const valueText = (value: unknown): string => (value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value));
const cut = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);

/** `field: before -> after`, a line each. */
const fieldLines = (changes: HistoryChange["changes"]): string[] =>
  changes.map(({ field, before, after }) => `    ${escapeText(field)}: ${escapeText(cut(valueText(before)))} -> ${escapeText(cut(valueText(after)))}`);

/** Who and from where, in words. */
const whoText = ({ by, origin, taskId }: Pick<HistoryChange, "by" | "origin" | "taskId">): string =>
  [by ?? (origin === "host" ? "outside of Polyvisor" : undefined), origin && origin !== "host" && origin !== "task" ? `(${origin})` : undefined, taskId]
    .filter(Boolean)
    .join(" ");

async function changesOf(
  client: Client,
  kind: Kind,
  id: string,
  query: { from: string | undefined; to: string | undefined },
  limit: number,
): Promise<HistoryChange[]> {
  const items: HistoryChange[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call(routes[kind], { params: { id }, query: { ...query, limit: Math.min(1000, limit - items.length), cursor } });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && items.length < limit);
  return items;
}

/** `history OBJECT`. A VM goes before a host of the same name. */
export const show: Run = async (context) => {
  const name = context.words[0]!;
  const query = { from: timeOption(context, "from"), to: timeOption(context, "to") };
  const limit = context.options["limit"] === undefined ? 50 : wholeNumber(context.options["limit"], "--limit");
  const prefix = /^(vm|h|ds|net)-[0-9a-z]{12}$/.exec(name)?.[1];
  const kind = kindOption(context) ?? ({ vm: "vm", h: "host", ds: "datastore", net: "network" } as const)[(prefix ?? "") as "vm"];
  const client = await context.client();
  const items = await changesOf(client, kind ?? "vm", name, query, limit).catch((error: unknown) => {
    if (kind !== undefined || !isApiError(error) || error.problem.code !== "notFound") throw error;
    return changesOf(client, "host", name, query, limit).catch(() => {
      throw error;
    });
  });
  if (items.length === 0 && (context.output === "table" || context.output === "wide")) return context.note("Nothing changed.");
  await print(context, items, () =>
    items.flatMap((change) => [
      [
        timeText(change.at) ?? change.at,
        context.paint("bold", change.type),
        escapeText(whoText(change)),
        ...(change.cause ? [context.paint("grey", `(${escapeText(change.cause)})`)] : []),
        ...(change.first ? [context.paint("grey", "(the history begins here)")] : []),
      ].join("  "),
      ...fieldLines(change.changes),
    ]),
  );
};

/** `diff --from T --to T`. */
export const diff: Run = async (context) => {
  const from = timeOption(context, "from") ?? fail("diff needs --from TIME.");
  const to = timeOption(context, "to") ?? new Date(context.io.now()).toISOString();
  const filter = selectorOf(context.words);
  const kind = kindOption(context) ?? (filter === undefined ? undefined : "vm");
  const client = await context.client();
  const items: Difference[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call("historyDifferences", { query: { from, to, kind, filter, limit: 1000, cursor } });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  if (items.length === 0 && (context.output === "table" || context.output === "wide")) return context.note("Nothing differs.");
  const sign = { created: "+", deleted: "-", changed: "~" } as const;
  await print(context, items, () =>
    items.flatMap((item) => [
      [sign[item.change], context.paint("cyan", item.kind), context.paint("bold", escapeText(item.name)), item.change, escapeText(whoText(item))]
        .join("  ")
        .trimEnd(),
      ...fieldLines(item.fields),
    ]),
  );
};

/** `history storage`. */
export const storage: Run = async (context) => {
  const value = await (await context.client()).call("historyStorage");
  await print(context, value, () => [
    ...tableLines(
      [...value.kinds, { kind: "all", since: "", ...value.total }],
      [
        { title: "KIND", text: (row) => row.kind },
        { title: "CHANGES", text: (row) => String(row.rows), figures: true },
        { title: "TAKES", text: (row) => bytesText(row.bytes), figures: true },
        { title: "PER DAY", text: (row) => bytesText(row.perDay), figures: true },
        { title: "WILL TAKE", text: (row) => bytesText(row.projected), figures: true },
        { title: "REACHES BACK TO", text: (row) => timeText(row.since) ?? "" },
      ],
      { width: undefined, paint: context.paint },
    ),
    `On disk, with indexes: ${bytesText(value.disk)}`,
  ]);
};

/** `history retention`: shows it, or sets what the options say. */
export const retention: Run = async (context) => {
  const client = await context.client();
  const { options } = context;
  const days = options["days"] === undefined ? undefined : wholeNumber(options["days"], "--days");
  const max =
    options["max"] === undefined ? undefined : (parseBytes(String(options["max"])) ?? fail(`--max takes a size as 20GiB, not ${String(options["max"])}.`));
  const all = [...kinds, "task"] as const;
  const only = options["kind"] === undefined ? all : all.filter((each) => each === options["kind"]);
  if (only.length === 0) fail(`--kind takes ${all.join(", ")}, not ${String(options["kind"])}.`);
  if (options["kind"] !== undefined && days === undefined) fail("--kind goes with --days.");
  const before = await client.call("historyRetentionGet");
  const body = {
    ...(days === undefined ? {} : { days: Object.fromEntries(only.map((kind) => [kind, days])) }),
    ...(max === undefined ? {} : { maxBytes: max }),
  };
  const seen = { kind: "site" as const, id: "", name: "How long the history is kept", revision: before.revision };
  const value =
    days === undefined && max === undefined ? before : await uponSeen(context, seen, (_, ifMatch) => client.call("historyRetentionSet", { body, ...ifMatch }));
  await print(context, value, () =>
    factLines(
      [
        ...Object.entries(value.days).map(([kind, n]): [string, string] => [kind, `${n} days`]),
        ["At most", value.maxBytes === 0 ? "no limit" : bytesText(value.maxBytes)],
      ],
      context.paint,
    ),
  );
};
