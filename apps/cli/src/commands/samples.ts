import { mergePoints, secondsOf, type LoadFigure, type LoadPoint } from "@polyvisor/model";
import type { Context, Run } from "../command.ts";
import { usageFailure } from "../failure.ts";
import { tableWidth } from "../io.ts";
import { escapeText } from "../output/escape.ts";
import { sparkline } from "../output/graph.ts";
import { bytesText, durationText, rateText, timeText } from "../output/quantity.ts";
import { tableLines } from "../output/table.ts";
import { pastTime } from "../pastTime.ts";
import { show } from "../show.ts";
import { wholeNumber } from "./lifecycle.ts";

const percent = (value: number | undefined): string | undefined => (value === undefined ? undefined : `${value.toFixed(1)} %`);
const processors = (value: number | undefined): string | undefined => value?.toFixed(2);
const bytes = (value: number | undefined): string | undefined => (value === undefined ? undefined : bytesText(Math.round(value)));
const often = (value: number | undefined): string | undefined => (value === undefined ? undefined : `${value.toFixed(1)}/s`);
const short = (value: number | undefined): string | undefined => (value === undefined ? undefined : `${(value * 1000).toFixed(2)} ms`);

const shown: readonly (readonly [figure: LoadFigure, title: string, text: (value: number | undefined) => string | undefined])[] = [
  ["cpuUse", "CPU USE", percent],
  ["cpu", "CPU", processors],
  ["cpuWait", "CPU WAIT", processors],
  ["cpuIoWait", "I/O WAIT", processors],
  ["memoryUsed", "MEMORY", bytes],
  ["memoryResident", "RESIDENT", bytes],
  ["memoryAvailable", "AVAILABLE", bytes],
  ["diskReadBytesPerSecond", "DISK READ", rateText],
  ["diskWriteBytesPerSecond", "DISK WRITE", rateText],
  ["diskReadsPerSecond", "READS", often],
  ["diskWritesPerSecond", "WRITES", often],
  ["diskReadLatency", "A READ", short],
  ["diskWriteLatency", "A WRITE", short],
  ["netReceiveBytesPerSecond", "NET IN", rateText],
  ["netTransmitBytesPerSecond", "NET OUT", rateText],
];

interface Answer {
  step: number;
  tier: string;
  points: LoadPoint[];
}

/** `samples`: the load of a VM or host over time, or without a name what is kept of all and what it costs. */
export const samples: Run = async (context) => {
  const { options, words, io } = context;
  const client = await context.client();
  const name = words[0];
  if (name === undefined) {
    const storage = await client.call("sampleStorage");
    await show(context, storage, () => [
      `${storage.objects} hosts and active VMs are measured every ${storage.interval} s.`,
      ...tableLines(
        storage.tiers,
        [
          { title: "KEPT", text: (tier) => `every ${durationText(tier.step)}`, whole: true },
          { title: "FOR", text: (tier) => durationText(tier.keepDays * 86_400), figures: true },
          { title: "SIZE", text: (tier) => bytesText(tier.bytes), figures: true },
          { title: "WHEN FULL", text: (tier) => bytesText(tier.bytesExpected), figures: true },
          { title: "UNTIL", text: (tier) => timeText(tier.until) ?? "now", expendable: 1 },
        ],
        { width: tableWidth(io.stdout), paint: context.paint },
      ),
    ]);
    return;
  }
  const time = (option: "from" | "to", otherwise: string): string => pastTime((options[option] as string | undefined) ?? otherwise, `--${option}`, io.now());
  const to = time("to", "now");
  const from = time("from", "1h ago");
  if (!(Date.parse(from) < Date.parse(to))) throw usageFailure("--from is not before --to.");
  const query = { from, to, ...(options["step"] === undefined ? {} : { step: wholeNumber(options["step"], "--step") }) };
  const answer: Answer = await client.call(options["host"] ? "hostSamples" : "vmSamples", { params: { id: name }, query });
  if (options["csv"]) for (const line of csvLines(answer)) io.stdout.write(`${line}\r\n`);
  else await show(context, answer, () => graphLines(context, name, query, answer));
};

/** RFC 4180: a line a point, of each figure mean, minimum and maximum; empty where it is not known. */
function* csvLines({ points }: Answer): Generator<string> {
  yield ["at", "seconds", ...shown.flatMap(([figure]) => [figure, `${figure}Min`, `${figure}Max`])].join(",");
  for (const point of points)
    yield [new Date(point.at).toISOString(), point.seconds, ...shown.flatMap(([figure]) => [point[figure], point.min[figure], point.max[figure]])].join(",");
}

function graphLines(context: Context, name: string, query: { from: string; to: string }, { step, tier, points }: Answer): string[] {
  const from = Date.parse(query.from);
  const length = Date.parse(query.to) - from;
  const heading = `${escapeText(name)}  ${timeText(query.from)} to ${timeText(query.to)}`;
  if (points.length === 0) return [heading, "Nothing was measured in this time."];
  const all = mergePoints(0, points);
  const lines = [
    context.paint("bold", heading),
    `${points.length} points of ${durationText(step)} (kept as ${tier}); measured ${durationText(all.seconds)} of ${durationText(length / 1000)}`,
    "",
  ];
  // As many columns as the terminal has room for beside the figures; a column in which nothing was measured is blank.
  const width = Math.max(10, Math.min(120, (tableWidth(context.io.stdout) ?? 120) - 52));
  const columns = Math.min(width, Math.ceil(length / 1000 / step));
  const bins: LoadPoint[][] = Array.from({ length: columns }, () => []);
  for (const point of points) bins[Math.min(columns - 1, Math.max(0, Math.floor(((point.at - 1 - from) / length) * columns)))]!.push(point);
  const binned = bins.map((bin) => (bin.length === 0 ? undefined : mergePoints(0, bin)));
  const rows = shown.filter(([figure]) => secondsOf(all, figure) > 0);
  return [
    ...lines,
    ...tableLines(
      rows,
      [
        { title: "", text: ([, title]) => title, whole: true },
        { title: "MIN", text: ([figure, , text]) => text(all.min[figure]), figures: true },
        { title: "MEAN", text: ([figure, , text]) => text(all[figure]), figures: true },
        { title: "MAX", text: ([figure, , text]) => text(all.max[figure]), figures: true },
        {
          title: "0 TO MAX",
          text: ([figure]) =>
            sparkline(
              binned.map((bin) => bin?.[figure]),
              all.max[figure] ?? 0,
            ),
          whole: true,
        },
      ],
      { width: tableWidth(context.io.stdout), paint: context.paint },
    ),
  ];
}
