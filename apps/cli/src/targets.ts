import { usageFailure } from "./failure.ts";

/** Which VMs a request is about: by reference, or by selector. */
export type Targets = { vms: string[]; select?: undefined } | { select: string; vms?: undefined };

const term = /^[A-Za-z]+!?=/;
/** Whether a word of the command line is a term of a selector (`tag=web`) and not a name. */
const isTerm = (word: string): boolean => term.test(word);

/**
 * Words of the command line as targets. Names alone are references. With a term (`state=off`) or a `*` they
 * become one selector: all terms must hold, and the bare words together are alternatives of the name.
 */
export function targetsOf(words: readonly string[]): Targets {
  if (words.length === 0) throw usageFailure("No VM is named.", "Name VMs, or select them: tag=web state=off. Every VM is name=*");
  if (!words.some((word) => isTerm(word) || word.includes("*"))) return { vms: [...new Set(words)] };
  return { select: selectorOf(words)! };
}

/** Words as one selector, or undefined when there are none. */
export function selectorOf(words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  const names = words.filter((word) => !isTerm(word));
  for (const name of words)
    if (/\s/.test(name)) throw usageFailure(`A selector cannot hold a space: "${name}".`, "Use * in its place, or name the VM by its id.");
  for (const name of names)
    if (/[=!]/.test(name))
      throw usageFailure(`"${name}" is neither a name nor FIELD=VALUE.`, "Fields are name, state, host, tag, type, id, os, datastore and network.");
  return [...(names.length > 0 ? [`name=${names.join(",")}`] : []), ...words.filter(isTerm)].join(" ");
}
