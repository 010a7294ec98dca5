import { quantile } from "./measure.ts";

export interface Row {
  what: string;
  who: string;
  ms: number[];
  /** Median relative to this contestant's; absent on the reference itself. */
  against?: number[];
  /** The aim for the ratio (or for the difference in ms where `aimMs`). */
  aim?: number;
  note?: string;
}

const figure = (ms: number) => (ms >= 100 ? ms.toFixed(0) : ms.toFixed(2));

/** The rows as a Markdown table: medians, the range, the ratio and whether the aim was met. */
export function markdown(rows: readonly Row[]): string {
  const lines = ["| what | who | median ms | min to max | ratio | aim | |", "|---|---|---:|---|---:|---:|---|"];
  for (const row of rows) {
    const median = quantile(row.ms, 0.5);
    const ratio = row.against ? median / quantile(row.against, 0.5) : undefined;
    const verdict = ratio !== undefined && row.aim !== undefined ? (ratio <= row.aim ? "met" : "**missed**") : "";
    lines.push(
      `| ${row.what} | ${row.who} | ${figure(median)} | ${figure(Math.min(...row.ms))} to ${figure(Math.max(...row.ms))} | ${ratio === undefined ? "" : `${ratio.toFixed(2)}x`} | ${row.aim === undefined ? "" : `${row.aim}x`} | ${[verdict, row.note].filter(Boolean).join("; ")} |`,
    );
  }
  return lines.join("\n");
}
