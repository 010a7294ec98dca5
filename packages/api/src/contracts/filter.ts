import { z } from "zod";
import { filterKinds } from "../filter/fields.ts";
import type { Contract } from "./parts.ts";

const kind = z.enum(filterKinds);
const faultSchema = z.object({
  message: z.string(),
  /** Characters of the filter that are wrong, from 0: from `at` up to `end`. */
  at: z.number().int(),
  end: z.number().int(),
  /** What was probably meant. */
  suggestion: z.string().optional(),
});

export const filterContracts = {
  filterComplete: {
    summary: "What may stand at a place of a filter that is being written, and what is wrong with it so far",
    who: "account",
    status: 200,
    query: z.strictObject({
      text: z.string().max(4096).default(""),
      /** Character from 0; the end where absent. */
      cursor: z.coerce.number().int().min(0).max(4096).optional(),
      kind: kind.default("vm"),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    response: z.object({
      /** The characters that a candidate takes the place of. */
      from: z.number().int(),
      to: z.number().int(),
      candidates: z.array(z.object({ text: z.string(), type: z.enum(["field", "operator", "value", "keyword"]), means: z.string().optional() })),
      /** Absent where the filter can be used as it is. */
      fault: faultSchema.optional(),
      /** The filter in its one spelling, where nothing is wrong. */
      canonical: z.string().optional(),
    }),
  },
  search: {
    summary: "Objects of all kinds by words in their names, tags and addresses, or by their id; the best fit first",
    who: "account",
    status: 200,
    query: z.strictObject({
      /** Words that must all be found. */
      q: z.string().min(1).max(256),
      /** Comma between; all where absent. */
      kinds: z.string().max(64).optional(),
      /** Of each kind. */
      limit: z.coerce.number().int().min(1).max(100).default(10),
    }),
    response: z.object({
      items: z.array(z.object({ kind, id: z.string(), name: z.string(), /** Name of its host. */ host: z.string().optional(), state: z.string() })),
      /** How many of each kind fit in all. */
      totals: z.partialRecord(kind, z.number().int()),
    }),
  },
} as const satisfies Record<string, Contract>;
