import { curves } from "./plot.ts";
import type { SizeResult } from "./measureSize.ts";

/** The figures of all sizes as a table of Markdown. */
export function report(results: readonly SizeResult[]): string {
  const number = (value: number | undefined): string =>
    value === undefined ? "–" : value >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(2)).toString();
  const row = (name: string, of: (result: SizeResult) => number | undefined, target = ""): string =>
    `| ${[name, ...results.map((result) => number(of(result))), target].join(" | ")} |`;
  return [
    `| | ${results.map(({ vms }) => `${vms.toLocaleString("en")} VMs`).join(" | ")} | target |`,
    `|---|${results.map(() => "---|").join("")}---|`,
    row("hosts", ({ hosts }) => hosts),
    row("load of the machine before (2 processors)", ({ load }) => load),
    ...curves.map(({ title, unit, target, atLeast, of }) =>
      row(`${title}${unit === "" ? "" : `, ${unit}`}`, of, `${atLeast ? "≥" : "≤"} ${target.toLocaleString("en")}`),
    ),
    row("adding all hosts, s", ({ fill }) => fill?.seconds),
    row("of that, processor of the server, s", ({ fill }) => fill?.cpu),
    row("most resident memory ever, MiB", ({ resident }) => resident.most / 1024 ** 2),
    row("resident memory of PostgreSQL, MiB", ({ resident }) => resident.database / 1024 ** 2),
    row("start until all hosts are connected, s", ({ warm }) => warm?.connectedSeconds),
    row("a filtered page, p50, ms", ({ pages }) => pages?.p50),
    row("an operation, p99 until it is heard, ms", ({ operations }) => operations?.single.p99),
  ].join("\n");
}
