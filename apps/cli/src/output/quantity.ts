import { formatBytes as bytesText, formatDuration as durationText } from "@polyvisor/model/units";

export { bytesText, durationText };

/** How long ago an ISO 8601 time was; `-` for what is no time. */
export function agoText(iso: string | undefined, now: number): string {
  const then = iso === undefined ? NaN : Date.parse(iso);
  return Number.isNaN(then) ? "-" : durationText((now - then) / 1000);
}

/** An ISO 8601 time on this machine's clock and zone, to the second. */
export function timeText(iso: string | undefined): string | undefined {
  const time = iso === undefined ? NaN : Date.parse(iso);
  if (Number.isNaN(time)) return undefined;
  const at = new Date(time);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Bytes in a second. */
export const rateText = (bytes: number | undefined): string | undefined => (bytes === undefined ? undefined : `${bytesText(Math.round(bytes))}/s`);
