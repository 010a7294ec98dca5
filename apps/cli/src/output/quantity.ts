const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/**
 * Bytes for a person, exactly as the model's `formatBytes` (a test compares them): kept here because the
 * model's door loads the schema library, which would cost `list` half of its time.
 */
export function bytesText(bytes: number): string {
  let value = bytes;
  let i = 0;
  while (Math.abs(value) >= 1024 && i < names.length - 1) {
    value /= 1024;
    i++;
  }
  return `${Number.isInteger(value) || Math.abs(value) >= 100 ? String(Math.round(value)) : value.toFixed(1)} ${names[i]}`;
}

const units: readonly [number, string][] = [[86_400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
/** Seconds for a person, exactly as the model's `formatDuration`: `3m 20s`, `12d 3h`. */
export function durationText(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  const out: string[] = [];
  for (const [size, unit] of units) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) out.push(`${n}${unit}`);
    if (out.length === 2) break;
  }
  return out.join(" ") || "0s";
}

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
