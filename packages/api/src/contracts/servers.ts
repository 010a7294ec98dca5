import { z } from "zod";
import type { Contract } from "./parts.ts";

export const serversContracts = {
  serverList: {
    summary: "The servers that share this site's database, and how many hosts each looks after",
    who: "account",
    status: 200,
    response: z.object({
      items: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          /** Where the other servers reach it. */
          url: z.string(),
          version: z.string(),
          /** Whether it gave a sign of life lately, as the server that answers saw it. */
          alive: z.boolean(),
          /** Whether it is the server that answers. */
          self: z.boolean(),
          startedAt: z.string(),
          lastSeen: z.string(),
          hosts: z.number().int(),
        }),
      ),
    }),
  },
} as const satisfies Record<string, Contract>;
