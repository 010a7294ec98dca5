import { z } from "zod";

/** A virtual network of a host. */
export const networkFactsSchema = z.object({
  nativeId: z.string(),
  name: z.string(),
  active: z.boolean(),
  autostart: z.boolean(),
  bridge: z.string().optional(),
  /** How it reaches the outside: `nat`, `route`, `open`, `bridge`, `isolated`, … */
  forward: z.string(),
  /** Addresses of the host on it with prefix length, `192.168.122.1/24`. */
  addresses: z.array(z.string()),
  dhcp: z.boolean(),
});
export type NetworkFacts = z.infer<typeof networkFactsSchema>;

export const networkSchema = networkFactsSchema.extend({ kind: z.literal("network"), id: z.string(), hostId: z.string(), revision: z.number().int() });
export type Network = z.infer<typeof networkSchema>;
