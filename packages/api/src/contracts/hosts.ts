import { hostSchema } from "@polyvisor/model";
import { z } from "zod";
import { atQuery, id, page, pastPageQuerySchema, samplesAnswer, samplesQuery, type Contract } from "./parts.ts";

/** Written by the operator for SASL or SSH; kept sealed, never shown. */
const credentialSchema = z.strictObject({ username: z.string().max(1024), password: z.string().max(4096) });
/** SSH key that the operator compared with the host's own: trusted beside known_hosts, kept with the host. */
const fingerprint = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "not the fingerprint of an SSH key, as ssh-keygen -l prints it")
  .optional();
const hostAddSchema = z.strictObject({
  uri: z.string().min(1).max(2048),
  name: z.string().min(1).max(255).optional(),
  tags: z.array(z.string().min(1).max(128)).max(256).optional(),
  credential: credentialSchema.optional(),
  fingerprint,
});

export const hostsContracts = {
  hostList: { summary: "Hosts", who: "account", status: 200, query: pastPageQuerySchema, response: page(hostSchema) },
  hostAdd: { summary: "Add a host by its URI; what it has appears", who: "account", status: 201, body: hostAddSchema, response: hostSchema },
  hostTest: {
    summary: "Try to connect to a URI and say what is there, adding nothing",
    who: "account",
    status: 200,
    body: hostAddSchema,
    response: z.object({ hostname: z.string(), hypervisor: z.string(), vms: z.number().int(), features: hostSchema.shape.features }),
  },
  hostGet: { summary: "One host", who: "account", status: 200, params: id, query: atQuery, response: hostSchema },
  hostChange: {
    summary: "Change a host's name, tags, credential, or whether it is connected",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({
      name: z.string().min(1).max(255).optional(),
      tags: z.array(z.string().min(1).max(128)).max(256).optional(),
      enabled: z.boolean().optional(),
      /** By id or path; null is the top. */
      folder: z.string().min(1).max(4096).nullable().optional(),
      credential: credentialSchema.optional(),
      fingerprint,
    }),
    response: hostSchema,
  },
  hostRemove: { summary: "Forget a host; nothing on it is touched", who: "account", status: 204, params: id },
  hostReconnect: { summary: "Try to connect now", who: "account", status: 202, params: id, response: hostSchema },
  hostSamples: { summary: "Load of a host over time", who: "account", status: 200, params: id, query: samplesQuery, response: samplesAnswer },
  sampleStorage: {
    summary: "What samples are kept and what they cost",
    who: "account",
    status: 200,
    response: z.object({
      /** Seconds between two measurements of an object. */
      interval: z.number(),
      objects: z.number().int(),
      tiers: z.array(
        z.object({
          name: z.enum(["20s", "5m", "1h"]),
          step: z.number(),
          keepDays: z.number(),
          partitions: z.number().int(),
          bytes: z.number(),
          /** When as many objects were measured for as long as it is kept. */
          bytesExpected: z.number(),
          until: z.string().optional(),
        }),
      ),
    }),
  },
} as const satisfies Record<string, Contract>;
