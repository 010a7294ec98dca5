import { z } from "zod";
import type { Contract } from "./parts.ts";

/** Levels of the server's log, the most talkative first. */
export const logLevelNames = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
const levels = z.object({
  /** Of every room that has none of its own. */
  level: z.enum(logLevelNames),
  rooms: z.record(z.string(), z.enum(logLevelNames)),
});

export const operationContracts = {
  logLevelsGet: { summary: "Levels of the log of the server that answers", who: "account", status: 200, response: levels },
  logLevelsSet: {
    summary: "Change a level of the log until the server restarts; of one room, or of all that have none of their own",
    who: "account",
    status: 200,
    body: z.strictObject({
      /** `default` gives a room back to the server's level. */ level: z.enum([...logLevelNames, "default"]),
      room: z.string().min(1).max(64).optional(),
    }),
    response: levels,
  },
  supportBundle: {
    summary: "What helps to find a fault, without secrets: versions, settings, figures, health, recent log, database, memory",
    who: "account",
    status: 200,
    media: "application/gzip",
  },
} as const satisfies Record<string, Contract>;
