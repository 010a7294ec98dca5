/** One term of a selector. `values` are alternatives; `*` stands for any text. */
export interface SelectorTerm {
  field: SelectorField;
  not: boolean;
  values: string[];
}
export const selectorFields = ["name", "state", "host", "tag", "type", "id", "os", "datastore", "network"] as const;
export type SelectorField = (typeof selectorFields)[number];

export type SelectorResult = { ok: true; terms: SelectorTerm[] } | { ok: false; message: string; at: number };

/**
 * Reads `tag=web,db state!=running name=web-*`: terms that all must hold, alternatives by comma,
 * a bare word is a name. At most 64 terms.
 * @returns the terms, or what is wrong and at which character (from 0)
 */
export function parseSelector(text: string): SelectorResult {
  const terms: SelectorTerm[] = [];
  for (const match of text.matchAll(/\S+/g)) {
    const word = match[0];
    const at = match.index;
    const parts = /^([A-Za-z]+)(!=|=)(.*)$/s.exec(word);
    if (!parts) {
      if (/[=!]/.test(word)) return { ok: false, message: `"${word}" is not FIELD=VALUE`, at };
      terms.push({ field: "name", not: false, values: word.split(",") });
    } else {
      const field = selectorFields.find((each) => each === parts[1]);
      if (!field) return { ok: false, message: `there is no field "${parts[1]}"; known are ${selectorFields.join(", ")}`, at };
      if (!parts[3]) return { ok: false, message: `"${parts[1]}" needs a value`, at: at + word.length };
      terms.push({ field, not: parts[2] === "!=", values: parts[3].split(",") });
    }
    if (terms.length > 64) return { ok: false, message: "a selector has at most 64 terms", at };
  }
  if (terms.length === 0) return { ok: false, message: "the selector is empty; to mean every VM write name=*", at: 0 };
  return { ok: true, terms };
}

/** Whether `value` fits `pattern`, in which `*` stands for any text; letter case counts. Linear in the length of both for any number of stars. */
export function fits(pattern: string, value: string): boolean {
  if (!pattern.includes("*")) return pattern === value;
  const parts = pattern.split("*");
  if (!value.startsWith(parts[0]!)) return false;
  let at = parts[0]!.length;
  for (let i = 1; i < parts.length - 1; i++) {
    const found = value.indexOf(parts[i]!, at);
    if (found < 0) return false;
    at = found + parts[i]!.length;
  }
  const last = parts[parts.length - 1]!;
  return value.length - last.length >= at && value.endsWith(last);
}

/** Whether an object whose fields are given fits all terms. A field may have several values (tags). */
export function selects(terms: readonly SelectorTerm[], fieldsOf: (field: SelectorField) => readonly string[]): boolean {
  return terms.every((term) => {
    const have = fieldsOf(term.field);
    const some = term.values.some((pattern) => have.some((value) => fits(pattern, value)));
    return some !== term.not;
  });
}
