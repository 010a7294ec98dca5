import { preferences } from "../preferences/preferences.ts";
import { locale, t } from "../texts/texts.ts";

const formats = new Map<string, Intl.DateTimeFormat>();
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const { timeZone } = preferences.get();
  const key = locale() + timeZone + JSON.stringify(options);
  const found = formats.get(key) ?? new Intl.DateTimeFormat(locale(), isZone(timeZone) ? { ...options, timeZone } : options);
  formats.set(key, found);
  return found;
}
/** Whether the browser knows a time zone by this name. */
export function isZone(name: string): boolean {
  try {
    return name !== "" && new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
const dateOf = (time: string | number): Date => new Date(time);

/** Time of day in the user's zone: `14:03:07`. */
export const timeText = (time: string | number): string => format({ timeStyle: "medium" }).format(dateOf(time));

/** Date and time in the user's zone. */
export const dateText = (time: string | number): string => format({ dateStyle: "medium", timeStyle: "medium" }).format(dateOf(time));

/** The same with the zone's name, for a tooltip. */
export const fullDateText = (time: string | number): string => format({ dateStyle: "full", timeStyle: "long" }).format(dateOf(time));

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** How long ago, by this browser's clock; one that goes behind the server's shows no future. */
export function agoText(time: string | number, now: number): string {
  const seconds = Math.max(0, (now - dateOf(time).getTime()) / 1000);
  if (seconds < 5) return t("times.now");
  const [unit, size] = units.find(([, length]) => seconds >= length)!;
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "short" }).format(-Math.floor(seconds / size), unit);
}
