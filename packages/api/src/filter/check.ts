import type { Comparison, Filter, FilterFault, FilterValue } from "./ast.ts";
import { fieldNames, filterKinds, findField, type FieldRow, type FilterKind, type FoundField } from "./fields.ts";
import { foldCase, type Pattern } from "./glob.ts";
import { parseFilter } from "./parse.ts";
import { suggest } from "./suggest.ts";
import { fault } from "./tokens.ts";
import { ageUnit, dateOf, sizeOf } from "./units.ts";

/** Numbers from `min` to `max`; an end that is open does not belong to it. */
export interface NumberRange {
  min: number;
  max: number;
  minOpen: boolean;
  maxOpen: boolean;
}

/** What a field is held against; it holds where it holds for one of the object's values and one of `any`. */
export type FieldTest = { by: "text"; any: readonly Pattern[] } | { by: "number"; any: readonly NumberRange[] } | { by: "filled" };

/** A filter held against the fields of its kind: every name known, every value of its type, every time absolute. */
export type CheckedFilter =
  | { is: "all" }
  | { is: "and" | "or"; parts: readonly CheckedFilter[] }
  | { is: "not"; part: CheckedFilter }
  /** `through`: the field is one of that kind, and one related object must fit. */
  | { is: "match"; field: string; through?: FilterKind; test: FieldTest }
  /** One of the texts is in one of the object's `searchedFields` (letter case does not count), or is its id. */
  | { is: "text"; any: readonly string[] };

export type CheckResult = { ok: true; filter: CheckedFilter; parsed: Filter } | FilterFault;

/** Leaves the check at the first fault. */
class Stop extends Error {
  readonly fault: FilterFault;
  constructor(found: FilterFault) {
    super(found.message);
    this.fault = found;
  }
}

/** Reads a filter for objects of a kind. @param now milliseconds since 1970, which `ago` is before */
export function readFilter(text: string, kind: FilterKind, now: number): CheckResult {
  const read = parseFilter(text);
  if (!read.ok) return read;
  if (read.kind && read.kind.text !== kind) {
    const known = (filterKinds as readonly string[]).includes(read.kind.text);
    const { text: word, at } = read.kind;
    const meant = known ? undefined : suggest(word, filterKinds);
    const message = known ? `this is about ${kind}s, not ${word}s` : `there is no kind "${word.slice(0, 64)}"`;
    return { ...fault(message, at, at + word.length, [kind]), ...(meant ? { suggestion: meant } : {}) };
  }
  return checkFilter(read.filter, kind, now);
}

/** The kind that a filter names before `where`, if it names one that there is. */
export function kindOfFilter(text: string): FilterKind | undefined {
  const read = parseFilter(text);
  return read.ok ? filterKinds.find((each) => each === read.kind?.text) : undefined;
}

export function checkFilter(parsed: Filter, kind: FilterKind, now: number): CheckResult {
  try {
    return { ok: true, filter: checked(parsed, kind, now), parsed };
  } catch (error) {
    if (error instanceof Stop) return error.fault;
    throw error;
  }
}

function checked(filter: Filter, kind: FilterKind, now: number): CheckedFilter {
  switch (filter.is) {
    case "all":
      return { is: "all" };
    case "and":
    case "or":
      return { is: filter.is, parts: filter.parts.map((part) => checked(part, kind, now)) };
    case "not":
      return { is: "not", part: checked(filter.part, kind, now) };
    case "text":
      for (const value of filter.values)
        if (!value.quoted && findField(kind, value.text))
          refuse(value, value.text, `"${value.text}" is a field and needs an operator after it; for the word write "${value.text}" in quotes`, [
            "=",
            "!=",
            "~",
          ]);
      return { is: "text", any: filter.values.map((value) => value.text) };
    case "empty": {
      const found = fieldOf(filter.field, kind, filter.at);
      const filled: CheckedFilter = { is: "match", ...placeOf(found), test: { by: "filled" } };
      return filter.not ? filled : { is: "not", part: filled };
    }
    case "compare": {
      const found = fieldOf(filter.field, kind, filter.at);
      const match: CheckedFilter = { is: "match", ...placeOf(found), test: testOf(found.row, filter.op, filter.values, filter.field, now) };
      return filter.op.startsWith("!") ? { is: "not", part: match } : match;
    }
  }
}

/** `state.age` is kept as `since`: the age rises by itself, the date stays. */
const placeOf = ({ name, row, through }: FoundField): { field: string; through?: FilterKind } => ({
  field: row.type === "duration" ? "since" : name,
  ...(through ? { through } : {}),
});

function fieldOf(name: string, kind: FilterKind, at: number): FoundField {
  const found = findField(kind, name);
  if (found) return found;
  const known = fieldNames(kind);
  const meant = suggest(name, known);
  const own = known.filter((each) => !each.includes("."));
  throw new Stop({
    ...fault(`${kind}s have no field "${name.slice(0, 64)}"${meant ? "" : `; some are ${own.slice(0, 12).join(", ")}`}`, at, at + name.length, known),
    ...(meant ? { suggestion: meant } : {}),
  });
}

function refuse(value: FilterValue, shown: string, message: string, expected: readonly string[], meant?: string): never {
  throw new Stop({ ...fault(message, value.at, value.at + Math.max(1, shown.length), [...expected]), ...(meant ? { suggestion: meant } : {}) });
}

const orders: readonly Comparison[] = ["<", "<=", ">", ">="];

function testOf(row: FieldRow, op: Comparison, values: readonly FilterValue[], field: string, now: number): FieldTest {
  const textual = row.type === "text" || row.type === "enum" || row.type === "boolean";
  if (textual && orders.includes(op))
    refuse(values[0]!, values[0]!.text, `${field} is ${row.type === "text" ? "a text" : `one of ${row.values!.join(", ")}`} and has no order; use =, != or ~`, [
      "=",
      "!=",
      "~",
    ]);
  if (!textual && (op === "~" || op === "!~")) refuse(values[0]!, values[0]!.text, `${field} is a number; use =, !=, <, <=, > or >=`, ["=", "!=", ...orders]);
  if (orders.includes(op) && values.length > 1) refuse(values[1]!, values[1]!.text, `${op} takes one value`, []);
  if (textual) return { by: "text", any: values.map((value) => patternOf(row, op, value, field)) };
  return { by: "number", any: values.map((value) => rangeOf(row, op, value, field, now)) };
}

function patternOf(row: FieldRow, op: Comparison, value: FilterValue, field: string): Pattern {
  const pieces = value.quoted ? [value.text] : value.text.split("*");
  if (op === "~" || op === "!~") {
    const folded = pieces.map((piece) => foldCase(piece));
    return { pieces: pieces.length === 1 ? ["", folded[0]!, ""] : folded, fold: true };
  }
  if (row.type === "boolean" && pieces.length === 1) {
    const word = { yes: "true", no: "false" }[value.text] ?? value.text;
    if (word !== "true" && word !== "false") refuse(value, value.text, `${field} is true or false`, ["true", "false"]);
    return { pieces: [word], fold: false };
  }
  if (row.type === "enum" && pieces.length === 1 && !row.values!.includes(value.text)) {
    const meant = suggest(value.text, row.values!);
    refuse(value, value.text, `${field} is never "${value.text.slice(0, 64)}"${meant ? "" : `; it is one of ${row.values!.join(", ")}`}`, row.values!, meant);
  }
  return { pieces, fold: false };
}

function rangeOf(row: FieldRow, op: Comparison, value: FilterValue, field: string, now: number): NumberRange {
  if (row.type === "duration") {
    const seconds = ageUnit(value.text);
    if (seconds === undefined || value.ago) refuse(value, value.text, `${field} is a duration; write it like 90s, 15m, 4h, 2d or 3w`, []);
    // Older than a day means that it began before that: the comparison turns round.
    const turned = ({ "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as Partial<Record<Comparison, Comparison>>)[op] ?? op;
    return ordered(turned, now - seconds * 1000);
  }
  if (row.type === "date") {
    const age = value.ago ? ageUnit(value.text)! : undefined;
    if (age !== undefined) return ordered(op, now - age * 1000);
    const date = value.text === "now" ? { ms: now, wholeDay: false } : dateOf(value.text);
    if (!date) {
      const meant = ageUnit(value.text) === undefined ? undefined : `${value.text} ago`;
      refuse(value, value.text, `${field} is a date; write it like 2026-01-31, 2026-01-31T12:00Z or 2d ago`, [], meant);
    }
    if (date.wholeDay && (op === "=" || op === "!=")) return { min: date.ms, max: date.ms + 86_400_000, minOpen: false, maxOpen: true };
    return ordered(op, date.ms);
  }
  const number = numberOf(row, value.text);
  if (number === undefined || value.ago) {
    const like = { bytes: "a size with its unit, like 512MiB or 4G", rate: "bytes a second with their unit, like 10MiB/s", percent: "a share, like 80%" }[
      row.type as string
    ];
    const unit = /^-?\d+(\.\d+)?$/.test(value.text) ? { bytes: "MiB", rate: "MiB/s", percent: "%" }[row.type as string] : undefined;
    refuse(value, value.text, `${field} is ${like ?? "a number, like 4 or 1.5"}`, [], unit && value.text + unit);
  }
  return ordered(op, number);
}

function numberOf(row: FieldRow, text: string): number | undefined {
  if (row.type === "bytes" || row.type === "rate") return sizeOf(text, row.type === "rate");
  const match = /^(-?\d{1,15}(?:\.\d{1,9})?)(%?)$/.exec(text);
  if (!match || (match[2] === "%") !== (row.type === "percent")) return undefined;
  return Number(match[1]);
}

function ordered(op: Comparison, at: number): NumberRange {
  switch (op) {
    case "<":
    case "<=":
      return { min: -Infinity, max: at, minOpen: false, maxOpen: op === "<" };
    case ">":
    case ">=":
      return { min: at, max: Infinity, minOpen: op === ">", maxOpen: false };
    default:
      return { min: at, max: at, minOpen: false, maxOpen: false };
  }
}

/** Whether a number is in a range. */
export const inRange = (range: NumberRange, value: number): boolean =>
  (range.minOpen ? value > range.min : value >= range.min) && (range.maxOpen ? value < range.max : value <= range.max);
