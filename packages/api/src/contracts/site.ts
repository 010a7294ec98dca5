import { z } from "zod";
import type { Contract } from "./parts.ts";

export const siteContracts = {
  infoGet: { summary: "Name, version and figures of this server", who: "anyone", status: 200, response: z.object({ name: z.string(), version: z.string() }) },
  eventStream: {
    summary: "Changes as they happen (server-sent events); Last-Event-ID resumes",
    who: "account",
    status: 200,
    query: z.strictObject({
      kinds: z.string().max(255).optional(),
      objectId: z.string().max(64).optional(),
      since: z.string().max(64).optional(),
      /** Of the one kind in `kinds`, of the kind before `where`, or of VMs: only events after which the object fits, and all deletions of that kind. */
      filter: z.string().max(4096).optional(),
    }),
    media: "text/event-stream",
  },
  openapiGet: { summary: "This API as OpenAPI 3.1", who: "anyone", status: 200, media: "application/json" },
} as const satisfies Record<string, Contract>;
