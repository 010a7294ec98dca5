import {
  datastoreSchema,
  failureSchema,
  hostSchema,
  loadSchema,
  networkSchema,
  planSchema,
  taskSchema,
  taskStates,
  vmSchema,
  vmStates,
} from "@polyvisor/model";
import { z } from "zod";
import { requestSchema } from "./request.ts";
import type { RouteName } from "./routePaths.ts";

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

const id = z.object({ id: z.string().min(1).max(512) });
/** A pass phrase: 8 to 1,024 characters (code points) of any Unicode; spaces count and are kept. */
export const passPhraseSchema = z.string().refine((text) => {
  const length = [...text].length;
  return length >= 8 && length <= 1024;
}, "a pass phrase has 8 to 1,024 characters");

export const pageQuerySchema = z.strictObject({
  /** Selector: `tag=web state=running`. */
  filter: z.string().max(4096).optional(),
  /** Fields of the answer by name, comma between. */
  fields: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(512).optional(),
  /** `name`, or `-name` for descending. */
  sort: z.string().max(64).optional(),
});
const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), /** Give it as `cursor` for the next page; absent on the last. */ next: z.string().optional(), total: z.number().int() });

const tokenSchema = z.object({ id: z.string(), name: z.string(), createdAt: z.string(), lastUsedAt: z.string().optional(), expiresAt: z.string().optional() });
const accountSchema = z.object({ id: z.string(), name: z.string(), hasPassPhrase: z.boolean() });
const hostAddSchema = z.strictObject({
  uri: z.string().min(1).max(2048),
  name: z.string().min(1).max(255).optional(),
  tags: z.array(z.string().min(1).max(128)).max(256).optional(),
  /** Written by the operator for SASL; kept sealed, never shown. */ credential: z
    .strictObject({ username: z.string().max(1024), password: z.string().max(4096) })
    .optional(),
});
const samplesQuery = z.strictObject({ from: z.iso.datetime().optional(), to: z.iso.datetime().optional() });
const samplesAnswer = z.object({ /** Seconds between two points. */ step: z.number(), points: z.array(loadSchema) });

/** Every route's contract. The server registers by it, OpenAPI is made of it, a test walks it. */
export const contracts = {
  infoGet: { summary: "Name, version and figures of this server", who: "anyone", status: 200, response: z.object({ name: z.string(), version: z.string() }) },
  sessionCreate: {
    summary: "Sign in by a one-time code or by name and pass phrase",
    who: "anyone",
    status: 201,
    body: z.union([z.strictObject({ code: z.string().max(128) }), z.strictObject({ name: z.string().max(255), passPhrase: z.string().max(4096) })]),
    response: z.object({ token: z.string(), expiresAt: z.string(), account: accountSchema }),
  },
  sessionDelete: { summary: "Sign out", who: "account", status: 204 },
  signInCodeCreate: {
    summary: "Make a one-time sign-in code",
    who: "account",
    status: 201,
    response: z.object({ code: z.string(), url: z.string(), expiresAt: z.string() }),
  },
  accountGet: { summary: "Who you are", who: "account", status: 200, response: accountSchema },
  accountPassPhrase: {
    summary: "Set your pass phrase",
    who: "account",
    status: 204,
    body: z.strictObject({ current: z.string().max(4096).optional(), new: passPhraseSchema }),
  },
  tokenList: { summary: "Your API tokens", who: "account", status: 200, response: z.object({ items: z.array(tokenSchema) }) },
  tokenCreate: {
    summary: "Make an API token; it is shown once",
    who: "account",
    status: 201,
    body: z.strictObject({
      name: z.string().min(1).max(255),
      expiresInSeconds: z
        .number()
        .int()
        .min(60)
        .max(10 * 365 * 86_400)
        .optional(),
    }),
    response: tokenSchema.extend({ token: z.string() }),
  },
  tokenDelete: { summary: "Revoke an API token", who: "account", status: 204, params: id },
  hostList: { summary: "Hosts", who: "account", status: 200, query: pageQuerySchema, response: page(hostSchema) },
  hostAdd: { summary: "Add a host by its URI; what it has appears", who: "account", status: 201, body: hostAddSchema, response: hostSchema },
  hostTest: {
    summary: "Try to connect to a URI and say what is there, adding nothing",
    who: "account",
    status: 200,
    body: hostAddSchema,
    response: z.object({ hostname: z.string(), hypervisor: z.string(), vms: z.number().int(), features: hostSchema.shape.features }),
  },
  hostGet: { summary: "One host", who: "account", status: 200, params: id, response: hostSchema },
  hostChange: {
    summary: "Change a host's name, tags, or whether it is connected",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({
      name: z.string().min(1).max(255).optional(),
      tags: z.array(z.string().min(1).max(128)).max(256).optional(),
      enabled: z.boolean().optional(),
    }),
    response: hostSchema,
  },
  hostRemove: { summary: "Forget a host; nothing on it is touched", who: "account", status: 204, params: id },
  hostReconnect: { summary: "Try to connect now", who: "account", status: 202, params: id, response: hostSchema },
  hostSamples: { summary: "Load of a host over time", who: "account", status: 200, params: id, query: samplesQuery, response: samplesAnswer },
  vmList: {
    summary: "VMs",
    who: "account",
    status: 200,
    query: pageQuerySchema.extend({ /** Counts by state ride along. */ counts: z.union([z.boolean(), z.stringbool()]).optional() }),
    response: page(vmSchema).extend({ counts: z.record(z.enum(vmStates), z.number().int()).optional() }),
  },
  vmGet: { summary: "One VM", who: "account", status: 200, params: id, response: vmSchema },
  vmChange: {
    summary: "Change what Polyvisor keeps of a VM: tags and notes",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({ tags: z.array(z.string().min(1).max(128)).max(256).optional(), notes: z.string().max(65_536).optional() }),
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
    query: z.strictObject({ kind: z.enum(["text", "graphical"]).default("text"), alias: z.string().max(255).optional(), force: z.stringbool().optional() }),
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
  datastoreList: { summary: "Datastores", who: "account", status: 200, query: pageQuerySchema, response: page(datastoreSchema) },
  datastoreGet: { summary: "One datastore with its volumes", who: "account", status: 200, params: id, response: datastoreSchema },
  volumeRead: {
    summary: "Download a volume",
    who: "account",
    status: 200,
    params: id.extend({ volume: z.string().max(255) }),
    media: "application/octet-stream",
  },
  volumeWrite: {
    summary: "Fill a volume; the body is its bytes, Content-Length is needed",
    who: "account",
    status: 204,
    params: id.extend({ volume: z.string().max(255) }),
    media: "application/octet-stream",
  },
  networkList: { summary: "Networks", who: "account", status: 200, query: pageQuerySchema, response: page(networkSchema) },
  networkGet: { summary: "One network", who: "account", status: 200, params: id, response: networkSchema },
  templateList: {
    summary: "Templates",
    who: "account",
    status: 200,
    response: z.object({
      items: z.array(z.object({ name: z.string(), version: z.string().optional(), built: z.boolean(), description: z.string(), size: z.number().optional() })),
    }),
  },
  taskList: {
    summary: "Tasks, latest first",
    who: "account",
    status: 200,
    query: z.strictObject({
      state: z.enum(taskStates).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      cursor: z.string().max(512).optional(),
    }),
    response: z.object({ items: z.array(taskSchema.omit({ plan: true, steps: true })), next: z.string().optional() }),
  },
  taskCreate: {
    summary: "Ask for a change; the plan made of it is executed as a task. An Idempotency-Key makes a repeat harmless",
    who: "account",
    status: 202,
    body: z.strictObject({ request: requestSchema, reason: z.string().max(1024).default("") }),
    response: taskSchema,
  },
  taskGet: { summary: "One task with its plan and steps", who: "account", status: 200, params: id, response: taskSchema },
  taskCancel: { summary: "Ask a task to stop; it stops in a known state", who: "account", status: 202, params: id, response: taskSchema },
  planMake: {
    summary: "The plan that a request would become; nothing is changed",
    who: "account",
    status: 200,
    body: z.strictObject({ request: requestSchema, reason: z.string().max(1024).default("") }),
    response: planSchema,
  },
  eventStream: {
    summary: "Changes as they happen (server-sent events); Last-Event-ID resumes",
    who: "account",
    status: 200,
    query: z.strictObject({ kinds: z.string().max(255).optional(), objectId: z.string().max(64).optional(), since: z.string().max(64).optional() }),
    media: "text/event-stream",
  },
  openapiGet: { summary: "This API as OpenAPI 3.1", who: "anyone", status: 200, media: "application/json" },
} as const satisfies Record<RouteName, Contract>;

export type Contracts = typeof contracts;

/** RFC 9457 problem details, as every error is answered. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: failureSchema.shape.code,
  remedy: z.string(),
  where: z.string().optional(),
  /** Found again in the server's log. */
  requestId: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;
