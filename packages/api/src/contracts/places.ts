import { datastoreSchema, networkSchema } from "@polyvisor/model";
import { z } from "zod";
import { atQuery, id, page, pastPageQuerySchema, type Contract } from "./parts.ts";

export const placesContracts = {
  datastoreList: { summary: "Datastores", who: "account", status: 200, query: pastPageQuerySchema, response: page(datastoreSchema) },
  datastoreGet: { summary: "One datastore with its volumes", who: "account", status: 200, params: id, query: atQuery, response: datastoreSchema },
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
  networkList: { summary: "Networks", who: "account", status: 200, query: pastPageQuerySchema, response: page(networkSchema) },
  networkGet: { summary: "One network", who: "account", status: 200, params: id, query: atQuery, response: networkSchema },
  templateList: {
    summary: "Templates",
    who: "account",
    status: 200,
    response: z.object({
      items: z.array(z.object({ name: z.string(), version: z.string().optional(), built: z.boolean(), description: z.string(), size: z.number().optional() })),
    }),
  },
} as const satisfies Record<string, Contract>;
