export const comparisons = ["=", "!=", "<", "<=", ">", ">=", "~", "!~"] as const;
export type Comparison = (typeof comparisons)[number];

/** A value as it was written. `quoted` is taken literally: its `*` is a star. `ago`: so long before now. */
export interface FilterValue {
  text: string;
  quoted: boolean;
  ago: boolean;
  /** Character where it begins, from 0. */
  at: number;
}

/** A filter as it was written, not yet held against the fields of a kind. `at` is the character where a part begins. */
export type Filter =
  /** Everything: the empty filter. */
  | { is: "all"; at: number }
  | { is: "and" | "or"; parts: Filter[]; at: number }
  | { is: "not"; part: Filter; at: number }
  /** `values` are alternatives: `tag in (web, db)` is `tag = web,db`. */
  | { is: "compare"; field: string; op: Comparison; values: FilterValue[]; at: number }
  | { is: "empty"; field: string; not: boolean; at: number }
  /** Words that stand alone: looked for in names, tags and addresses. */
  | { is: "text"; values: FilterValue[]; at: number };

/** What is wrong with a filter, and where. */
export interface FilterFault {
  ok: false;
  /** One sentence, without the place. */
  message: string;
  /** First and last-but-one character of what is wrong, from 0. */
  at: number;
  end: number;
  /** What could stand there. */
  expected: string[];
  /** What was probably meant. */
  suggestion?: string;
}

/** Longest filter, deepest nesting, most comparisons: past them it is refused, so that reading one takes no time. */
export const filterLimits = { length: 4096, depth: 32, terms: 128 } as const;

/** The fault as an operator reads it, with its place (counted from 1). */
export function faultText(fault: FilterFault): string {
  const more = fault.suggestion === undefined ? "" : `; did you mean ${fault.suggestion}?`;
  return `${fault.message}${more} (at character ${fault.at + 1})`;
}
