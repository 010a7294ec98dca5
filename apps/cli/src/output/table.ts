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
  /** Never cut (names that are copied, ids). */
  whole?: boolean;
}

const gap = "  ";

/**
 * A table as lines: columns as wide as their cells, cut to `width` where the terminal is narrower, widest
 * column first. A cell without a value is `-`.
 * @param width columns of the terminal; undefined (a pipe) cuts nothing
 */
export function tableLines<T>(rows: readonly T[], columns: readonly Column<T>[], options: { width?: number | undefined; paint: Paint; header?: boolean }): string[] {
  const texts = rows.map((row) => columns.map((column) => escapeText(column.text(row) || "-")));
  const header = options.header === false ? [] : [columns.map((column) => column.title)];
  const widths = columns.map((_, i) => [...header, ...texts].reduce((most, cells) => Math.max(most, widthOf(cells[i]!)), 0));
  if (options.width !== undefined) shrink(widths, columns, options.width);
  const last = columns.length - 1;
  const line = (cells: readonly string[], colourOf: (i: number) => Colour | undefined): string =>
    cells.map((cell, i) => {
      const shown = cut(cell, widths[i]!);
      const painted = options.paint(colourOf(i), shown);
      const fill = " ".repeat(Math.max(0, widths[i]! - widthOf(shown)));
      if (columns[i]!.figures) return fill + painted;
      return i === last ? painted : painted + fill;
    }).join(gap).trimEnd();
  return [...header.map((cells) => line(cells, () => "bold")), ...texts.map((cells, n) => line(cells, (i) => columns[i]!.colour?.(rows[n]!)))];
}

function shrink(widths: number[], columns: readonly Column<never>[] | readonly { whole?: boolean; title: string }[], width: number): void {
  const smallest = columns.map((column, i) => Math.min(widths[i]!, Math.max(6, column.title.length)));
  for (const round of [false, true]) {
    for (;;) {
      const total = widths.reduce((sum, each) => sum + each, 0) + gap.length * (widths.length - 1);
      if (total <= width) return;
      let widest = -1;
      for (let i = 0; i < widths.length; i++) {
        if (widths[i]! <= smallest[i]! || (!round && columns[i]!.whole)) continue;
        if (widest < 0 || widths[i]! > widths[widest]!) widest = i;
      }
      if (widest < 0) break;
      widths[widest] = Math.max(smallest[widest]!, widths[widest]! - (total - width));
    }
  }
}

/** Name and value below each other, values aligned: what `info` prints. A value without a text is left out. */
export function factLines(facts: readonly (readonly [name: string, value: string | undefined])[], paint: Paint): string[] {
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== "");
  const width = shown.reduce((most, [name]) => Math.max(most, widthOf(name)), 0);
  return shown.map(([name, value]) => `${paint("bold", pad(name, width))} : ${escapeText(value)}`);
}
