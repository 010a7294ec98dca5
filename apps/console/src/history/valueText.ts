import { formatBytes, stateTable } from "@polyvisor/model/tables";
import { t, type Translate } from "../texts/texts.ts";
import { dateText } from "../ui/times.ts";

/** Longest text of one value. */
const most = 400;
const sizes = new Set(["memory", "capacity", "allocation", "available", "size", "used", "max", "current"]);
const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** A value of a field as an operator reads it; `path` says what it is. */
export function valueText(path: readonly string[], value: unknown): string {
  if (value === undefined || value === null || value === "") return t("events.nothing");
  if (typeof value === "boolean") return value ? t("events.yes") : t("events.no");
  const name = path.at(-1)!;
  if (typeof value === "number") return sizes.has(name) && path[0] !== "vcpus" ? formatBytes(value) : String(value);
  if (typeof value === "string") {
    if (name === "state" && Object.hasOwn(stateTable, value)) return (t as (key: string) => string)(`states.${value}.name`);
    if (isTime.test(value)) return dateText(value);
    return short(value);
  }
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return short(value.join(", "));
  return short(JSON.stringify(value));
}

/** A field's name: of our own words where there is one. */
export function fieldText(path: readonly string[], has: (key: string) => boolean): string {
  const key = `fields.${path[0]!}`;
  return [has(key) ? (t as Translate)(key as "fields.name") : path[0]!, ...path.slice(1)].join(" › ");
}

const short = (text: string): string => (text.length > most ? `${text.slice(0, most)}…` : text);
