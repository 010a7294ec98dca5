import { usageFailure } from "./failure.ts";

const dayMs = 86_400_000;
const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs };
const longUnits: Record<string, string> = { second: "s", sec: "s", minute: "m", min: "m", hour: "h", hr: "h", day: "d", week: "w" };
const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

/**
 * A time as a person says it: `yesterday 15:00`, `today`, `14:30`, `2026-11-20 15:00`, `90m ago`, or ISO 8601; without
 * a zone it is that of this machine.
 * @returns ISO 8601 in UTC
 */
export function pastTime(text: string, option: string, now: number): string {
  const words = text.trim().toLowerCase().split(/\s+/);
  // "10 minutes ago" is "10m ago"
  const long = longUnits[words[1]?.replace(/s$/, "") ?? ""];
  if (long !== undefined && /^\d+$/.test(words[0]!)) words.splice(0, 2, words[0]! + long);
  const ago = /^(\d{1,6})([smhdw])$/.exec(words[0] ?? "");
  if (ago && (words.length === 1 || (words.length === 2 && words[1] === "ago"))) return new Date(now - Number(ago[1]) * units[ago[2]!]!).toISOString();
  if (text === "now") return new Date(now).toISOString();
  let [day, time] = words;
  if (words.length === 1 && clock.test(words[0]!)) [day, time] = ["today", words[0]];
  const date = new Date(now);
  const part = time === undefined ? ["", "0", "0", "0"] : clock.exec(time);
  const named = day === "today" || day === "yesterday";
  const written = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day ?? "");
  if (words.length <= 2 && part && (named || written)) {
    if (written) date.setFullYear(Number(written[1]), Number(written[2]) - 1, Number(written[3]));
    else if (day === "yesterday") date.setDate(date.getDate() - 1);
    const [hours, minutes, seconds] = part.slice(1).map((each) => Number(each ?? 0)) as [number, number, number];
    date.setHours(hours, minutes, seconds, 0);
    const same = !written || (date.getMonth() === Number(written[2]) - 1 && date.getDate() === Number(written[3]));
    if (same && hours < 24 && minutes < 60 && seconds < 60) return date.toISOString();
  }
  const exact = /^\d{4}-\d{2}-\d{2}t/.test(words[0] ?? "") && words.length === 1 ? Date.parse(text.trim()) : NaN;
  if (!Number.isNaN(exact)) return new Date(exact).toISOString();
  throw usageFailure(`${option} does not understand the time "${text}".`, 'Say "yesterday 15:00", "2h ago", "14:30", "2026-11-20 15:00" or ISO 8601.');
}
