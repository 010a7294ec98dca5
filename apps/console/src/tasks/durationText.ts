import { locale } from "../texts/texts.ts";

/** How long something took, in seconds or minutes; empty while it is not over. */
export function durationText(from: string | undefined, to: string | undefined): string {
  if (from === undefined || to === undefined) return "";
  const seconds = Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
  const unit = seconds < 90 ? "second" : seconds < 5400 ? "minute" : "hour";
  const value = unit === "second" ? seconds : unit === "minute" ? seconds / 60 : seconds / 3600;
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}
