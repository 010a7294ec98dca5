import { PolyvisorError } from "@polyvisor/model";
import type { z } from "zod";

/** Part of a request, as an operator calls it. */
export type Part = "body" | "query" | "path";

/**
 * Checks a part of a request against its schema.
 * @throws PolyvisorError `badRequest` that names every place (at most 8) by JSON pointer; values are never repeated, they may be secret
 */
export function validate<S extends z.ZodType>(schema: S, input: unknown, part: Part): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const found = result.error.issues.flatMap((issue) => leaves(issue as Issue, [])).slice(0, 8);
  throw new PolyvisorError("badRequest", {
    detail: found.map(({ path, message }) => `${placeOf(path, part)}: ${message}`).join("; "),
    where: placeOf(found[0]?.path ?? [], part),
  });
}

interface Issue {
  code: string;
  path: PropertyKey[];
  message: string;
  keys?: string[];
  errors?: Issue[][];
  options?: unknown[];
  discriminator?: string;
}
interface Leaf {
  path: PropertyKey[];
  message: string;
}

function leaves(issue: Issue, above: PropertyKey[]): Leaf[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") return (issue.keys ?? []).map((key) => ({ path: [...path, key], message: "there is no such field" }));
  if (issue.code === "invalid_union" && issue.errors && issue.errors.length > 0) {
    // Of several forms the one that was meant is the one with the fewest faults in its kind of fields.
    const forms = issue.errors.map((form) => form.flatMap((each) => leaves(each, path)));
    return forms.reduce((best, form) => (weight(form) < weight(best) ? form : best));
  }
  if (issue.discriminator !== undefined && issue.options) return [{ path, message: `is none of ${issue.options.join(", ")}` }];
  return [{ path, message: issue.message.replace(/^Invalid input: /, "") }];
}

const weight = (form: Leaf[]): number => form.length + form.filter((leaf) => leaf.message === "there is no such field").length;

function placeOf(path: PropertyKey[], part: Part): string {
  if (part === "body")
    return path.length === 0 ? "the body" : path.map((each) => `/${String(each).slice(0, 128).replace(/~/g, "~0").replace(/\//g, "~1")}`).join("");
  return [part, ...path.map((each) => String(each).slice(0, 128))].join(" ");
}
