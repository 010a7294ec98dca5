import type { SizeResult } from "./measureSize.ts";

/** One curve of the plot: a figure against the number of VMs, beside the line that it must stay below or above. */
interface Curve {
  title: string;
  unit: string;
  target: number;
  /** Above the line is met, as with operations; else below it. */
  atLeast?: boolean;
  of(result: SizeResult): number | undefined;
}

export const curves: readonly Curve[] = [
  { title: "Resident memory of the server", unit: "MiB", target: 2048, of: ({ resident }) => (resident.warm ?? resident.filled) / 1024 ** 2 },
  { title: "Start until it answers", unit: "s", target: 20, of: ({ warm }) => warm?.readySeconds },
  { title: "Start, processor of the server", unit: "s", target: 20, of: ({ warm }) => warm?.readyCpu },
  { title: "A filtered page, p99", unit: "ms", target: 50, of: ({ pages }) => pages?.p99 },
  { title: "Processors at one change per VM and hour", unit: "", target: 0.5, of: ({ quiet }) => quiet?.server },
  { title: "Operations, each its own task", unit: "/s", target: 600, atLeast: true, of: ({ operations }) => operations?.single.perSecond },
  { title: "Operations, 500 in a request", unit: "/s", target: 600, atLeast: true, of: ({ operations }) => operations?.bulk.perSecond },
  { title: "Events to each of 100 readers", unit: "/s", target: 10_000, atLeast: true, of: ({ streams }) => bestStream(streams) },
];

const bestStream = (streams: SizeResult["streams"]): number | undefined =>
  streams === undefined || streams.length === 0 ? undefined : Math.max(...streams.map(({ heardPerSecond }) => heardPerSecond));

const cell = { width: 320, height: 200, left: 56, right: 16, top: 34, bottom: 34 } as const;
const columns = 2;
const number = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(2)).toString());

/** How each figure grows with the number of VMs, as a picture: one small diagram for each, its target as a dashed line. */
export function plot(results: readonly SizeResult[]): string {
  const shown = curves.filter((curve) => results.some((result) => curve.of(result) !== undefined));
  const rows = Math.ceil(shown.length / columns);
  const cells = shown.map(
    (curve, i) => `<g transform="translate(${(i % columns) * cell.width} ${Math.floor(i / columns) * cell.height})">${diagram(curve, results)}</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${columns * cell.width} ${rows * cell.height}" font-family="sans-serif" font-size="10">
<rect width="100%" height="100%" fill="white"/>
${cells.join("\n")}
</svg>
`;
}

function diagram({ title, unit, target, atLeast, of }: Curve, results: readonly SizeResult[]): string {
  const points = results.flatMap((result) => {
    const y = of(result);
    return y === undefined ? [] : [{ x: result.vms, y }];
  });
  const most = Math.max(target, ...points.map(({ y }) => y)) * 1.1;
  const [low, high] = [Math.log10(1_000), Math.log10(250_000)];
  const x = (vms: number): number => cell.left + ((Math.log10(vms) - low) / (high - low)) * (cell.width - cell.left - cell.right);
  const y = (value: number): number => cell.height - cell.bottom - (value / most) * (cell.height - cell.top - cell.bottom);
  const at = ({ x: vms, y: value }: { x: number; y: number }): string => `${x(vms).toFixed(1)},${y(value).toFixed(1)}`;
  const sizes = [1_000, 10_000, 50_000, 250_000];
  return [
    `<text x="${cell.left}" y="18" font-size="12" font-weight="bold">${title}</text>`,
    `<line x1="${cell.left}" y1="${y(0)}" x2="${cell.width - cell.right}" y2="${y(0)}" stroke="#888"/>`,
    ...sizes.map((vms) => `<text x="${x(vms)}" y="${cell.height - cell.bottom + 14}" text-anchor="middle" fill="#555">${vms / 1000}k</text>`),
    `<text x="${cell.width - cell.right}" y="${cell.height - 6}" text-anchor="end" fill="#555">VMs</text>`,
    `<line x1="${cell.left}" y1="${y(target)}" x2="${cell.width - cell.right}" y2="${y(target)}" stroke="#c33" stroke-dasharray="4 3"/>`,
    `<text x="${cell.left - 4}" y="${y(target) + 3}" text-anchor="end" fill="#c33">${atLeast ? "≥" : "≤"} ${number(target)}${unit === "" ? "" : ` ${unit}`}</text>`,
    `<polyline fill="none" stroke="#06c" stroke-width="2" points="${points.map(at).join(" ")}"/>`,
    ...points.map((point) => `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="3" fill="#06c"/>`),
    ...points
      .slice(-1)
      .map(
        (point) => `<text x="${x(point.x) - 6}" y="${y(point.y) - 7}" text-anchor="end" fill="#06c">${number(point.y)}${unit === "" ? "" : ` ${unit}`}</text>`,
      ),
  ].join("");
}
