import { z } from "zod";

/** Kinds of object of the estate, each with the prefix of its ids. */
export const kindPrefixes = { host: "h", vm: "vm", datastore: "ds", network: "net", task: "t" } as const;
export type Kind = keyof typeof kindPrefixes;
/** Kinds that a hypervisor reports. */
export const inventoryKinds = ["vm", "datastore", "network"] as const;
export type InventoryKind = (typeof inventoryKinds)[number];

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford: no i, l, o, u to misread

/**
 * A new id, for example `vm-7k2m9x0qadve`: the kind's prefix and 60 random bits. It names the object
 * for life: renames and moves to another host keep it.
 * @param random 12 bytes from a good source (the caller's: this room has none)
 */
export function makeId(kind: Kind, random: Uint8Array): string {
  if (random.length < 12) throw new RangeError("makeId needs 12 random bytes");
  let text = `${kindPrefixes[kind]}-`;
  for (let i = 0; i < 12; i++) text += alphabet[random[i]! & 31];
  return text;
}

export const idSchema = z.string().regex(/^(h|vm|ds|net|t)-[0-9a-hjkmnp-tv-z]{12}$/, "not an id of Polyvisor");
/** The kind that an id names, or undefined when the text is no id. */
export function kindOfId(text: string): Kind | undefined {
  if (!idSchema.safeParse(text).success) return undefined;
  const prefix = text.slice(0, text.indexOf("-"));
  return (Object.keys(kindPrefixes) as Kind[]).find((kind) => kindPrefixes[kind] === prefix);
}

/** RFC 9562 UUID in canonical lower-case form. */
export const uuidSchema = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, "not a UUID in lower-case form");

/** Name of a VM, datastore, network, volume or snapshot: what every hypervisor accepts, no path separators, no control characters. */
export const nameSchema = z
  .string()
  .min(1)
  .max(255)
  // eslint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f\u007f/]+$/u, "a name has no slash and no control characters")
  .refine((name) => name !== "." && name !== ".." && name.trim() === name, "a name does not begin or end with a space and is not . or ..");

/** An absolute path on a host: what a Unix file system takes, no more than its usual limit. */
export const absolutePathSchema = z
  .string()
  .max(4096)
  .refine((path) => path.startsWith("/") && !path.includes("\0"), "not an absolute path");
