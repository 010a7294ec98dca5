import { permissionNames } from "@polyvisor/model";
import { z } from "zod";
import { id, type Contract } from "./parts.ts";

const permission = z.enum(permissionNames);
const ref = z.string().min(1).max(512);
const roleName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "a role's name has 1 to 64 of a-z, 0-9, dot, dash and underscore");
const description = z.string().max(1024);
/** Name of a folder within the one above it. */
export const folderNameSchema = z
  .string()
  .max(128)
  .regex(
    // eslint-disable-next-line no-control-regex
    /^[^\u0000-\u001f\u007f\s/](?:[^\u0000-\u001f\u007f/]*[^\u0000-\u001f\u007f\s/])?$/u,
    "a folder's name has no slash, no control characters and no space at its ends",
  )
  .refine((name) => name !== "." && name !== "..", "a folder is not called . or ..");

const role = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  permissions: z.array(permission),
  builtIn: z.boolean(),
  revision: z.number().int(),
});
const subject = z.object({ kind: z.enum(["account", "group"]), id: z.string(), name: z.string() });
const scope = z.discriminatedUnion("on", [
  z.object({ on: z.literal("site") }),
  z.object({ on: z.literal("folder"), folder: z.string(), /** Absent where the folder is gone. */ path: z.string().optional() }),
  z.object({ on: z.literal("tag"), tag: z.string() }),
  z.object({ on: z.literal("selector"), kind: z.enum(["vm", "host", "datastore", "network"]), filter: z.string() }),
  z.object({ on: z.literal("object"), object: z.string() }),
]);
const effect = z.enum(["allow", "deny"]);
const grant = z.object({
  id: z.string(),
  role: z.string(),
  subject,
  scope,
  effect,
  builtIn: z.boolean(),
  by: z.string().optional(),
  createdAt: z.string(),
});
const reason = z.object({ grant: z.string(), effect, role: z.string(), subject, scope });
const folder = z.object({ id: z.string(), path: z.string(), name: z.string(), parent: z.string().optional(), revision: z.number().int() });

/** Where a new grant holds: exactly one of them. */
const on = z.strictObject({
  site: z.literal(true).optional(),
  /** By id or path. */
  folder: ref.optional(),
  tag: z.string().min(1).max(128).optional(),
  /** `vm where tag = web`: by name, id, tag, folder, type and host only. */
  selector: z.string().min(1).max(4096).optional(),
  /** Id of a VM, host, datastore or network. */
  object: ref.optional(),
});

/** Roles, grants and folders. */
export const permissionContracts = {
  permissionList: {
    summary: "Every permission and what it means",
    who: "account",
    status: 200,
    response: z.object({ items: z.array(z.object({ name: permission, on: z.string(), level: z.string(), means: z.string() })) }),
  },
  permissionWhy: {
    summary: "Whether an account has a permission on an object, and by which grants",
    who: "account",
    status: 200,
    query: z.strictObject({
      permission,
      /** By id or name; you where absent. Another's only for who administers roles. */
      account: ref.optional(),
      /** Id, or KIND/NAME (`vm/web1`), or folder path; the site where absent. */
      object: ref.optional(),
    }),
    response: z.object({
      allowed: z.boolean(),
      account: z.string(),
      permission,
      object: z.object({ kind: z.string(), id: z.string(), name: z.string() }).optional(),
      reasons: z.array(reason),
      /** The same in plain words. */
      sentences: z.array(z.string()),
    }),
  },
  permissionEffective: {
    summary: "What an account may do on an object or the site",
    who: "account",
    status: 200,
    query: z.strictObject({ account: ref.optional(), object: ref.optional() }),
    response: z.object({
      account: z.string(),
      object: z.object({ kind: z.string(), id: z.string(), name: z.string() }).optional(),
      permissions: z.array(permission),
    }),
  },
  roleList: { summary: "Roles", who: "account", status: 200, response: z.object({ items: z.array(role) }) },
  roleCreate: {
    summary: "Make a role",
    who: "account",
    status: 201,
    body: z.strictObject({ name: roleName, description: description.default(""), permissions: z.array(permission).max(64) }),
    response: role,
  },
  roleChange: {
    summary: "Change a role; it counts at once for everybody who has it",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({ name: roleName.optional(), description: description.optional(), permissions: z.array(permission).max(64).optional() }),
    response: role,
  },
  roleRemove: { summary: "Remove a role that no grant has", who: "account", status: 204, params: id },
  grantList: { summary: "Grants", who: "account", status: 200, response: z.object({ items: z.array(grant) }) },
  grantCreate: {
    summary: "Give a role to an account or a group somewhere, or deny it",
    who: "account",
    status: 201,
    body: z.strictObject({ role: ref, account: ref.optional(), group: ref.optional(), on, effect: effect.default("allow") }),
    response: grant,
  },
  grantRemove: { summary: "Take a grant back", who: "account", status: 204, params: id },
  folderList: { summary: "Folders that you may see something of", who: "account", status: 200, response: z.object({ items: z.array(folder) }) },
  folderCreate: {
    summary: "Make a folder",
    who: "account",
    status: 201,
    body: z.strictObject({ name: folderNameSchema, /** By id or path; at the top where absent. */ parent: ref.optional() }),
    response: folder,
  },
  folderChange: {
    summary: "Rename a folder, or move it with all that is in it",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({ name: folderNameSchema.optional(), /** By id or path; null is the top. */ parent: ref.nullable().optional() }),
    response: folder,
  },
  folderRemove: { summary: "Delete an empty folder", who: "account", status: 204, params: id },
} as const satisfies Record<string, Contract>;
