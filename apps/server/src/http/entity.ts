import type { RouteName } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import { z } from "zod";

/**
 * Answers that tell more than their revision counts: factors, groups, members and sign-ins change without one. A tag serves
 * them for `If-Match` only; who has an older answer is never told that it still holds.
 */
export const beyondRevision: ReadonlySet<RouteName> = new Set<RouteName>(["accountGet", "accountShow", "groupGet"]);

/** The entity tag of an object's revision. */
export const entityTag = (revision: number): string => `"${revision}"`;

/** Whether the answer has a revision of its own. */
export const revisionOf = (answer: unknown): number | undefined => {
  const revision = (answer as { revision?: unknown } | null | undefined)?.revision;
  return typeof revision === "number" ? revision : undefined;
};

/**
 * The revision that If-Match asks for. `*` asks for any, which the object's being there fulfils.
 * @throws PolyvisorError `badRequest` for a tag that is not ours
 */
export function ifMatchRevision(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === "*") return undefined;
  const match = /^\s*(?:W\/)?"(\d{1,15})"\s*$/.exec(header);
  if (!match) throw new PolyvisorError("badRequest", { detail: "If-Match is not the ETag of an answer of this server", where: "header If-Match" });
  return Number(match[1]);
}

/** Whether If-None-Match names the tag. */
export const noneMatch = (header: string | undefined, tag: string): boolean =>
  header !== undefined && header.split(",").some((each) => each.trim().replace(/^W\//, "") === tag);

type Tree = Map<string, Tree | true>;

/**
 * Picks fields of objects by `fields`: names with a comma between, `memory.current` for a part. The id is always there.
 * @throws PolyvisorError `badRequest` for a field that the schema does not have
 */
export function projection(fields: string | undefined, schema: z.ZodType): ((item: Record<string, unknown>) => Record<string, unknown>) | undefined {
  if (fields === undefined) return undefined;
  const tree: Tree = new Map([["id", true]]);
  for (const field of fields
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean)) {
    const parts = field.split(".");
    if (parts.length > 4 || !exists(schema, parts))
      throw new PolyvisorError("badRequest", { detail: `there is no field "${field.slice(0, 128)}"`, where: "query fields" });
    let at = tree;
    for (const [i, part] of parts.entries()) {
      const inside = at.get(part);
      if (inside === true) break; // the whole is asked for already
      if (i === parts.length - 1) at.set(part, true);
      else if (inside) at = inside;
      else {
        const fresh: Tree = new Map();
        at.set(part, fresh);
        at = fresh;
      }
    }
  }
  return (item) => pick(item, tree) as Record<string, unknown>;
}

function exists(schema: z.ZodType, parts: string[]): boolean {
  let at: z.ZodType = schema;
  for (const part of parts) {
    while (at instanceof z.ZodOptional || at instanceof z.ZodArray) at = (at instanceof z.ZodArray ? at.element : at.unwrap()) as z.ZodType;
    if (at instanceof z.ZodRecord) return true;
    if (!(at instanceof z.ZodObject) || !Object.hasOwn(at.shape, part)) return false;
    at = at.shape[part] as z.ZodType;
  }
  return true;
}

function pick(value: unknown, tree: Tree): unknown {
  if (Array.isArray(value)) return value.map((each) => pick(each, tree));
  if (typeof value !== "object" || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [name, inside] of tree) {
    const each = (value as Record<string, unknown>)[name];
    if (each !== undefined) out[name] = inside === true ? each : pick(each, inside);
  }
  return out;
}
