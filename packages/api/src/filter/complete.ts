import { comparisons, filterLimits } from "./ast.ts";
import { fieldNames, filterKinds, findField, type FilterKind, type FoundField } from "./fields.ts";
import { isPlainWord, quoteText } from "./quote.ts";
import { tokenise, type Token } from "./tokens.ts";

export interface FilterCandidate {
  /** What to put in place of the characters `from` to `to`. */
  text: string;
  type: "field" | "operator" | "value" | "keyword";
  means?: string;
}

/** What may stand at the cursor. `values` is set where values of the estate fit too: of which field, beginning how. */
export interface FilterCompletion {
  from: number;
  to: number;
  candidates: FilterCandidate[];
  values?: { kind: FilterKind; field: string; typed: string };
}

type Place =
  /** A field, a word or a bracket may come. */
  | { expect: "term" }
  /** After a word that may be a field. */
  | { expect: "operator"; field: string }
  | { expect: "value"; field: string; inList: boolean }
  | { expect: "list"; field: string }
  | { expect: "empty"; negated: boolean }
  | { expect: "next"; field?: string; inList: boolean };

/** What may stand at a cursor (a character from 0) of a filter that is being written. Never throws; a filter that is too long has nothing. */
export function completeFilter(text: string, cursor: number, kind: FilterKind): FilterCompletion {
  const at = Math.max(0, Math.min(Math.trunc(cursor) || 0, text.length));
  const nothing: FilterCompletion = { from: at, to: at, candidates: [] };
  if (text.length > filterLimits.length) return nothing;
  const read = tokenise(text.slice(0, at), true);
  if (!read.ok) return nothing;
  const tokens = read.tokens.slice(0, -1);
  let typed: Token | undefined;
  const last = tokens.at(-1);
  if (last && last.end === at && (last.type === "word" || (last.type === "string" && !isClosed(text.slice(last.at, at))))) typed = tokens.pop();
  let about = kind;
  if (tokens.length > 1 && tokens[1]!.text.toLowerCase() === "where") {
    about = filterKinds.find((each) => tokens[0]!.text === each || tokens[0]!.text === `${each}s`) ?? kind;
    tokens.splice(0, 2);
  }
  let place: Place = { expect: "term" };
  let depth = 0;
  for (const token of tokens) {
    if (token.type === "(" && place.expect !== "list") depth++;
    if (token.type === ")" && !(place.expect === "next" && place.inList)) depth--;
    place = after(place, token);
  }
  return offer(place, about, typed, at, depth > 0);
}

const isClosed = (quoted: string): boolean => quoted.length > 1 && quoted.endsWith(quoted[0]!) && !/(^|[^\\])(\\\\)*\\.$/s.test(quoted.slice(1));

function after(place: Place, token: Token): Place {
  const word = token.type === "word" ? token.text.toLowerCase() : undefined;
  if (token.type === ",")
    return place.expect === "next" && place.field !== undefined ? { expect: "value", field: place.field, inList: place.inList } : { expect: "term" };
  switch (place.expect) {
    case "operator":
      if (token.type === "op") return { expect: "value", field: place.field, inList: false };
      if (word === "in") return { expect: "list", field: place.field };
      if (word === "is") return { expect: "empty", negated: false };
      return word === "not" ? place : after({ expect: "next", inList: false }, token);
    case "list":
      return token.type === "(" ? { expect: "value", field: place.field, inList: true } : place;
    case "value":
      return { expect: "next", field: place.field, inList: place.inList };
    case "empty":
      return word === "not" ? { expect: "empty", negated: true } : { expect: "next", inList: false };
    case "next":
      if (word === "and" || word === "or" || token.type === "(") return { expect: "term" };
      if (token.type === ")" || word === "ago") return { expect: "next", inList: false };
      return word === undefined ? place : { expect: "operator", field: token.text };
    default:
      if (word === "not" || word === "and" || word === "or" || token.type === "(") return { expect: "term" };
      return word === undefined ? { expect: "next", inList: false } : { expect: "operator", field: token.text };
  }
}

const meansOf: Readonly<Record<string, string>> = {
  "=": "is; * stands for any text",
  "!=": "is not",
  "~": "holds the text, whatever its letter case",
  "!~": "does not hold the text",
  "<": "is less",
  "<=": "is at most",
  ">": "is more",
  ">=": "is at least",
  in: "is one of (a, b)",
  "not in": "is none of (a, b)",
  is: "is empty, is not empty",
};

function offer(place: Place, kind: FilterKind, typed: Token | undefined, cursor: number, inBrackets: boolean): FilterCompletion {
  const from = typed?.at ?? cursor;
  const begun = typed?.text ?? "";
  const out: FilterCompletion = { from, to: cursor, candidates: [] };
  const add = (type: FilterCandidate["type"], words: readonly string[], means?: (word: string) => string | undefined): void => {
    for (const text of words) {
      if (!text.toLowerCase().startsWith(begun.toLowerCase())) continue;
      const meaning = means?.(text);
      out.candidates.push({ text, type, ...(meaning ? { means: meaning } : {}) });
    }
  };
  switch (place.expect) {
    case "term":
      if (typed?.type === "string") return out;
      add("field", fieldNames(kind), (name) => findField(kind, name)!.row.means);
      add("keyword", ["not"]);
      return out;
    case "operator": {
      const found = findField(kind, place.field);
      if (!found) add("keyword", ["and", "or"]);
      else {
        if (!typed) add("operator", operatorsOf(found), (word) => meansOf[word]);
        add("operator", ["in", "not in", "is"], (word) => meansOf[word]);
      }
      return out;
    }
    case "list":
      add("operator", ["("]);
      return out;
    case "empty":
      add("operator", place.negated ? ["empty"] : ["empty", "not empty"]);
      return out;
    case "value": {
      const found = findField(kind, place.field);
      if (!found) return out;
      if (found.row.values) add("value", found.row.values);
      else if (found.row.type === "text") out.values = { kind: found.through ?? kind, field: found.name, typed: begun };
      return out;
    }
    case "next":
      add("keyword", ["and", "or"]);
      if (typed?.type === "word") add("field", fieldNames(kind), (name) => findField(kind, name)!.row.means);
      if (!typed && (place.inList || inBrackets)) add("operator", [")"]);
      if (!typed && place.field !== undefined) add("operator", [","]);
      return out;
  }
}

const operatorsOf = ({ row }: FoundField): readonly string[] =>
  row.type === "text" || row.type === "enum" || row.type === "boolean" ? ["=", "!=", "~", "!~"] : comparisons.filter((each) => !each.endsWith("~"));

/** Values of the estate as candidates, each so that a filter takes it literally. */
export const valueCandidates = (values: Iterable<string>): FilterCandidate[] =>
  Array.from(values, (value) => ({ text: isPlainWord(value) && !value.includes("*") ? value : quoteText(value), type: "value" as const }));
