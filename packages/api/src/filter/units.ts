import { parseBytes } from "@polyvisor/model";

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const longNames: Readonly<Record<string, string>> = {
  second: "s",
  sec: "s",
  minute: "m",
  min: "m",
  hour: "h",
  day: "d",
  week: "w",
};
const sizeUnit = /^([KMGTP](i?B)?|B)(\/s)?$/i;

const ageLetter = (unit: string): string | undefined => {
  const small = unit.toLowerCase();
  return seconds[small] === undefined ? longNames[small.replace(/s$/, "")] : small;
};

/** Whether a word after a number belongs to it. */
export const isUnit = (word: string): boolean => word === "%" || sizeUnit.test(word) || ageLetter(word) !== undefined;

/** Seconds of `90s`, `2d`, `1.5h`, `3weeks`, or undefined. */
export function ageUnit(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)([a-z]{1,8})$/i.exec(text);
  const letter = match && ageLetter(match[2]!);
  return letter ? Number(match[1]) * seconds[letter]! : undefined;
}

/** Bytes of a size that says its unit (`512MiB`, `10G`, `100B`, with `/s` for a rate), or undefined; 0 needs none. */
export function sizeOf(text: string, rate: boolean): number | undefined {
  if (/^0(\.0+)?$/.test(text)) return 0;
  const bare = rate ? text.replace(/\/s$/, "") : text;
  return /[a-z]/i.test(bare) ? parseBytes(bare) : undefined;
}

/** Milliseconds since 1970 of an ISO 8601 date or date and time; a date alone is its beginning in UTC. */
export function dateOf(text: string): { ms: number; wholeDay: boolean } | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) return undefined;
  const wholeDay = text.length === 10;
  const ms = Date.parse(wholeDay || /(Z|[+-]\d{2}:\d{2})$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(ms) ? undefined : { ms, wholeDay };
}
