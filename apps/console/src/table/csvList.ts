import type { EstateKind, LiveObjects } from "../live/liveObject.ts";
import { api } from "../session/session.ts";
import type { Translate } from "../texts/texts.ts";
import type { Column } from "./column.ts";
import { csvLine } from "./csvText.ts";

/** Rows that are read at once. */
const pageSize = 1_000;

interface Wish<K extends EstateKind> {
  kind: K;
  filter: string;
  sort: string | undefined;
  columns: readonly Column<LiveObjects[K]>[];
}

/** Every row of a list as a file, read page by page in the order that is shown. @param progress is told how many rows there are so far */
export async function csvOf<K extends EstateKind>(
  { kind, filter, sort, columns }: Wish<K>,
  t: Translate,
  signal: AbortSignal,
  progress: (rows: number) => void,
): Promise<Blob> {
  const shown = columns.filter((column) => column.csv);
  // A byte order mark, without which spreadsheets take UTF-8 for something else.
  const parts: string[] = ["\ufeff", csvLine(shown.map(({ text }) => t(text)))];
  let cursor: string | undefined;
  let rows = 0;
  do {
    const query = { limit: pageSize, ...(filter ? { filter } : {}), ...(sort ? { sort } : {}), ...(cursor === undefined ? {} : { cursor }) };
    const page = await api.call(`${kind}List`, { query: query as never, signal });
    for (const item of page.items) parts.push(csvLine(shown.map((column) => column.csv!(item as never))));
    rows += page.items.length;
    cursor = page.next;
    progress(rows);
  } while (cursor !== undefined);
  return new Blob(parts, { type: "text/csv;charset=utf-8" });
}

/** Gives a file to the person. */
export function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
