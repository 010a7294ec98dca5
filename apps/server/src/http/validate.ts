import { PolyvisorError } from "@polyvisor/model";
import type { z } from "zod";
import { clean } from "../estate/facts.ts";

/** Part of a request, as an operator calls it. */
export type Part = "body" | "query" | "path";

/**
 * Checks a part of a request against its schema.
 * @throws PolyvisorError `badRequest` that names every place (at most 8) by JSON pointer; values are never repeated, they may be secret
 */
export function validate<S extends z.ZodType>(schema: S, input: unknown, part: Part): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) {
    const path = unkept(result.data, []);
    if (!path) return result.data;
    const where = placeOf(path, part);
    if (part === "path") throw new PolyvisorError("notFound", { detail: "nothing has a NUL or half of a character in its name", where });
    throw new PolyvisorError("badRequest", { detail: `${where}: has a NUL or half of a surrogate pair, which is no character`, where });
  }
  const found = result.error.issues.flatMap((issue) => leaves(issue as Issue, [])).slice(0, 8);
  throw new PolyvisorError("badRequest", {
    detail: found.map(({ path, message }) => `${placeOf(path, part)}: ${message}`).join("; "),
    where: placeOf(found[0]?.path ?? [], part),
  });
}

/** Hashed and never kept: pass phrases may have any character. */
const hashed: ReadonlySet<PropertyKey> = new Set(["passPhrase", "current", "new"]);

/** Where a text is that the database cannot keep; looked for here, because there it would be a failure of ours. */
function unkept(value: unknown, path: PropertyKey[]): PropertyKey[] | undefined {
  if (typeof value === "string") return clean(value) === value || (path.length === 1 && hashed.has(path[0]!)) ? undefined : path;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = clean(key) === key ? unkept(item, [...path, key]) : path;
    if (found) return found;
  }
  return undefined;
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
