import { quoteName } from "@polyvisor/api/client";
import { usageFailure } from "./failure.ts";

/** Which VMs a request is about: by reference, or by filter. */
export type Targets = { vms: string[]; select?: undefined } | { select: string; vms?: undefined };

/** `tag=web,db`, one word: a term as selectors always had it. */
const term = /^([A-Za-z][\w.]*)(!?=)([^\s=<>~()"']+)$/;
/** A comparison inside a word, or one that is spread over words. */
const comparison = /(^|[\s(])[A-Za-z][\w.]*\s*(!?[=~]|[<>])|\bin\s*\(|\bis\s+(not\s+)?empty\b|^\s*\w+\s+where\s/i;
const operator = /^(==?|!=|<=?|>=?|!?~|\(|\))$/;
const joiner = /^(and|or|not|in|is)$/i;

/** Whether words of the command line are, taken together, an expression of the filter language. */
export function isExpression(words: readonly string[]): boolean {
  if (words.some((word) => operator.test(word) || (!term.test(word) && comparison.test(word)))) return true;
  return words.some((word) => term.test(word)) && words.some((word) => joiner.test(word));
}

/**
 * Words of the command line as targets. Names alone are references. With a term (`state=off`), a `*` or an expression
 * (`'state = off and memory > 4GiB'`) they become one filter: all terms must hold, and names beside terms are alternatives.
 */
export function targetsOf(words: readonly string[]): Targets {
  if (words.length === 0) throw usageFailure("No VM is named.", "Name VMs, or select them: tag=web state=off. Every VM is name=*");
  if (!isExpression(words) && !words.some((word) => term.test(word) || /[=*]/.test(word))) return { vms: [...new Set(words)] };
  return { select: selectorOf(words)! };
}

/** Words, and what `--filter` said, as one filter; undefined when there is nothing. */
export function selectorOf(words: readonly string[], option?: unknown): string | undefined {
  if (typeof option === "string" && option.trim() !== "") {
    const more = selectorOf(words);
    return more === undefined ? option : `(${more}) and (${option})`;
  }
  if (words.length === 0) return undefined;
  if (isExpression(words)) return words.join(" ");
  const names = words.filter((word) => !term.test(word));
  for (const name of names)
    if (/[=!<>~]/.test(name))
      throw usageFailure(`"${name}" is neither a name nor FIELD=VALUE.`, "For example tag=web or 'memory > 4GiB'; docs/guide/filter.md has every field.");
  return [...(names.length > 0 ? [`name=${names.map(quoteName).join(",")}`] : []), ...words.filter((word) => term.test(word))].join(" ");
}
