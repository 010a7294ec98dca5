import { loadPointSchema } from "@polyvisor/model";
import { z } from "zod";

/** What a route takes and gives. `who`: `anyone` needs no sign-in, `account` needs one. */
export interface Contract {
  summary: string;
  who: "anyone" | "account";
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** Absent where the answer is not JSON; `media` then says what it is. */
  response?: z.ZodType;
  media?: string;
  /** Status of success. */
  status: 200 | 201 | 202 | 204 | 101;
}

/** An object by its id, native id, name, or HOST/NAME. */
export const id = z.object({ id: z.string().min(1).max(512) });
export const pageQuerySchema = z.strictObject({
  /** Filter: `state = running and host.pool = a`, or as a selector `tag=web state=running`; docs/guide/filter.md. */
  filter: z.string().max(4096).optional(),
  /** Fields of the answer by name, comma between. */
  fields: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(512).optional(),
  /** So many objects are passed over, from the beginning: a place in the middle of a long list. Not with `cursor`, not for the past. */
  offset: z.coerce.number().int().min(0).max(10_000_000).optional(),
  /** `name`, or `-name` for descending. */
  sort: z.string().max(64).optional(),
});
/** The same, and for the past: in the order of the ids, by a filter over what the objects were then. */
export const pastPageQuerySchema = pageQuerySchema.extend({ /** As it was at this time; now where absent. */ at: z.iso.datetime().optional() });
/** An object as it was at a time; now where absent. */
export const atQuery = z.strictObject({ at: z.iso.datetime().optional() });
/** A page of a list. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    /** Give it as `cursor` for the next page; absent on the last. */
    next: z.string().optional(),
    /** How many fit; absent for the past, where they would have to be counted one by one. */
    total: z.number().int().optional(),
  });

export const samplesQuery = z.strictObject({
  /** The last hour where nothing is said. */
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  /** Seconds between two points; the answer's is this or the next that is kept. Chosen for at most 1,000 points where absent. */
  step: z.coerce.number().int().min(1).max(31_622_400).optional(),
});
export const samplesAnswer = z.object({
  /** Seconds between two points. */
  step: z.number(),
  /** How fine what they are made of was kept: 20s, 5m or 1h. */
  tier: z.string(),
  /** Oldest first. Where nothing was measured there is no point. */
  points: z.array(loadPointSchema),
});
