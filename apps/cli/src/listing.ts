import type { Client } from "@polyvisor/api/client";
import type { Datastore, Host, Network, Vm } from "@polyvisor/model";
import type { Context } from "./command.ts";
import { tableWidth } from "./io.ts";
import { show } from "./show.ts";
import { escapeText } from "./output/escape.ts";
import { tableLines, type Column } from "./output/table.ts";

interface PagedItems {
  vmList: Vm;
  hostList: Host;
  datastoreList: Datastore;
  networkList: Network;
}

export interface PageQuery {
  filter?: string | undefined;
  /** Only these fields of each object; everything where absent. */
  fields?: string | undefined;
  sort?: string | undefined;
  /** As it was then; in the order of the ids. */
  at?: string | undefined;
}

/** Every object of a paged route, page after page. */
export async function listAll<R extends keyof PagedItems>(client: Client, route: R, query: PageQuery = {}, signal?: AbortSignal): Promise<PagedItems[R][]> {
  const items: PagedItems[R][] = [];
  let cursor: string | undefined;
  do {
    const page = (await client.call(route, { query: { ...query, limit: 1000, cursor }, signal } as never)) as { items: PagedItems[R][]; next?: string };
    items.push(...page.items);
    // A page of the past may be empty and yet have a next one.
    cursor = page.items.length > 0 || query.at !== undefined ? page.next : undefined;
  } while (cursor !== undefined);
  return items;
}

/** Prints objects as `-o` says: a table, their names, or the API's own documents. */
export async function showList<T>(
  context: Context,
  items: readonly T[],
  columns: readonly Column<T>[],
  options: { wide?: readonly Column<T>[]; name: (item: T) => string; empty: string },
): Promise<void> {
  const { output, io, paint } = context;
  if (output === "name") for (const item of items) context.say(escapeText(options.name(item)));
  else if (output === "json" || output === "yaml") await show(context, items, () => []);
  else if (items.length === 0) context.note(options.empty);
  else
    for (const line of tableLines(items, output === "wide" ? [...columns, ...(options.wide ?? [])] : columns, { width: tableWidth(io.stdout), paint }))
      context.say(line);
}
