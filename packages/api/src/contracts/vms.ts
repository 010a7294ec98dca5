import { loadSchema, vmSchema, vmStates } from "@polyvisor/model";
import { z } from "zod";
import { atQuery, id, page, pastPageQuerySchema, samplesAnswer, samplesQuery, type Contract } from "./parts.ts";

export const vmsContracts = {
  vmList: {
    summary: "VMs",
    who: "account",
    status: 200,
    query: pastPageQuerySchema.extend({ /** Counts by state ride along. */ counts: z.union([z.boolean(), z.stringbool()]).optional() }),
    response: page(vmSchema).extend({ counts: z.record(z.enum(vmStates), z.number().int()).optional() }),
  },
  vmGet: { summary: "One VM", who: "account", status: 200, params: id, query: atQuery, response: vmSchema },
  vmChange: {
    summary: "Change what Polyvisor keeps of a VM: tags, notes and folder",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({
      tags: z.array(z.string().min(1).max(128)).max(256).optional(),
      notes: z.string().max(65_536).optional(),
      /** By id or path; null is the top. */ folder: z.string().min(1).max(4096).nullable().optional(),
    }),
    response: vmSchema,
  },
  vmDefinition: {
    summary: "The hypervisor's own description of a VM, without secrets",
    who: "account",
    status: 200,
    params: id,
    query: z.strictObject({ which: z.enum(["live", "nextStart"]).default("live") }),
    media: "application/xml",
  },
  vmExplain: {
    summary: "What a VM's state means, since when, why, and what is possible",
    who: "account",
    status: 200,
    params: id,
    response: z.object({
      state: z.string(),
      since: z.string(),
      fresh: z.boolean(),
      sentences: z.array(z.string()),
      actions: z.array(z.object({ action: z.string(), allowed: z.boolean(), reason: z.string().optional() })),
    }),
  },
  vmSamples: { summary: "Load of a VM over time", who: "account", status: 200, params: id, query: samplesQuery, response: samplesAnswer },
  vmScreenshot: { summary: "A picture of a VM's screen", who: "account", status: 200, params: id, media: "image/*" },
  vmConsole: {
    summary: "A VM's console over a WebSocket of binary messages",
    who: "account",
    status: 101,
    params: id,
    query: z.strictObject({
      kind: z.enum(["text", "graphical"]).default("text"),
      alias: z.string().max(255).optional(),
      force: z.stringbool().optional(),
      /** How a refusal is told: as the answer's status, or, because a browser shows none to a page, by the close code 4000 + status and `code: detail`. */
      refusal: z.enum(["status", "frame"]).default("status"),
    }),
    media: "websocket",
  },
  loadList: {
    summary: "Present load of every active VM and every host",
    who: "account",
    status: 200,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      sort: z.enum(["cpu", "memory", "disk", "network"]).default("cpu"),
      kind: z.enum(["vm", "host"]).default("vm"),
    }),
    response: z.object({ items: z.array(z.object({ id: z.string(), name: z.string(), host: z.string(), state: z.string(), load: loadSchema })) }),
  },
} as const satisfies Record<string, Contract>;
