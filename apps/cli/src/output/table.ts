import { escapeText } from "./escape.ts";
import type { Colour, Paint } from "./paint.ts";
import { cut, pad, widthOf } from "./width.ts";

export interface Column<T> {
  title: string;
  /** The cell's text; what came from elsewhere needs no escaping, the table does it. */
  text: (row: T) => string | undefined;
  colour?: (row: T) => Colour | undefined;
  /** Figures stand on the right. */
  figures?: boolean;
  /** Not cut while there is another way (names that are copied, ids). */
  whole?: boolean;
  /** May be left out where the terminal is too narrow; the lowest goes first. */
  expendable?: number;
}

const gap = "  ";

/**
 * A table as lines: columns as wide as their cells. Where the terminal is narrower, text is cut, widest column
 * first; what then still has no room is left out by `expendable`, so that no figure is ever shown in part.
 * A cell without a value is `-`.
 * @param width columns of the terminal; undefined (a pipe) cuts nothing
 */
export function tableLines<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  options: { width?: number | undefined; paint: Paint; header?: boolean },
): string[] {
  const cells = columns.map((column) => ({
    column,
    texts: [...(options.header === false ? [] : [column.title]), ...rows.map((row) => escapeText(column.text(row) || "-"))],
  }));
  const measured = cells.map(({ column, texts }) => ({ column, texts, width: texts.reduce((most, text) => Math.max(most, widthOf(text)), 0) }));
  const shown = options.width === undefined ? measured : fit(measured, options.width);
  const first = options.header === false ? 0 : 1;
  return Array.from({ length: rows.length + first }, (_, n) =>
    shown
      .map(({ column, texts, width }, i) => {
        const text = cut(texts[n]!, width);
        const painted = options.paint(n < first ? "bold" : column.colour?.(rows[n - first]!), text);
        const fill = " ".repeat(Math.max(0, width - widthOf(text)));
        if (column.figures) return fill + painted;
        return i === shown.length - 1 ? painted : painted + fill;
      })
      .join(gap)
      .trimEnd(),
  );
}

interface Measured<T> {
  column: Column<T>;
  texts: string[];
  width: number;
}

const totalOf = (widths: readonly number[]): number => widths.reduce((sum, each) => sum + each, 0) + gap.length * (widths.length - 1);

function fit<T>(columns: readonly Measured<T>[], width: number): Measured<T>[] {
  const smallest = ({ column, width: full }: Measured<T>): number => (column.figures || column.whole ? full : Math.min(full, Math.max(6, column.title.length)));
  let kept = [...columns];
  while (totalOf(kept.map(smallest)) > width) {
    const goes = kept.filter(({ column }) => column.expendable !== undefined).toSorted((a, b) => a.column.expendable! - b.column.expendable!)[0];
    if (!goes) break;
    kept = kept.filter((each) => each !== goes);
  }
  kept = kept.map((each) => ({ ...each }));
  // Text that may be cut first; a terminal so narrow that names have no room cuts those too.
  for (const least of [smallest, ({ column, width: full }: Measured<T>) => (column.figures ? full : Math.min(full, 6)), () => 1]) {
    for (;;) {
      const over = totalOf(kept.map((each) => each.width)) - width;
      if (over <= 0) return kept;
      const widest = kept.filter((each) => each.width > least(each)).toSorted((a, b) => b.width - a.width)[0];
      if (!widest) break;
      widest.width = Math.max(least(widest), widest.width - over);
    }
  }
  return kept;
}

/** Name and value below each other, values aligned: what `info` prints. A value without a text is left out. */
export function factLines(facts: readonly (readonly [name: string, value: string | undefined])[], paint: Paint): string[] {
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== "");
  const width = shown.reduce((most, [name]) => Math.max(most, widthOf(name)), 0);
  return shown.map(([name, value]) => `${paint("bold", pad(name, width))} : ${escapeText(value)}`);
}
