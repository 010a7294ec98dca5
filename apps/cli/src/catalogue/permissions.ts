import type { CommandRow } from "../command.ts";
import { forceOption } from "../forceOption.ts";

const permission = (name: "list" | "why" | "effective" | "names" | "grant" | "revoke") => async () => (await import("../commands/permission.ts"))[name];
const role = (name: "list" | "create" | "change" | "remove") => async () => (await import("../commands/role.ts"))[name];
const folder = (name: "list" | "create" | "rename" | "move" | "remove" | "put") => async () => (await import("../commands/folder.ts"))[name];
const yes = ["-y, --yes", "do not ask"] as const;
const none = { completes: ["none"] } as const;
const roleOptions = [
  ["--description <text>", "what it is for"],
  ["--permission <name>", "a permission it has (permission names); may be repeated"],
] as const;

/** Who may do what: grants, roles, and the folders that they are given in. */
export const permissionRows: readonly CommandRow[] = [
  { path: "permission list", aliases: ["permission ls"], takes: ["output"], summary: "list grants: who has which role where", load: permission("list") },
  { path: "permission names", takes: ["output"], summary: "list every permission and what it means", load: permission("names") },
  {
    path: "permission why",
    operands: "<permission> [object]",
    completes: ["none", "vmOrHost"],
    takes: ["output"],
    options: [["--account <account>", "of another account; you when left out"]],
    summary: "say whether somebody has a permission on an object or the site, and by which grants",
    details:
      "OBJECT is an id, KIND/NAME (vm/web1, host/h1, datastore/images, network/default), or a bare name of the kind that the permission is about. The exit code is 0 where it is allowed and 1 where not.",
    examples: ["permission why vm.power web1", "permission why vm.console vm/web1 --account alice", "permission why role.administer"],
    load: permission("why"),
  },
  {
    path: "permission effective",
    operands: "[object]",
    completes: ["vmOrHost"],
    takes: ["output"],
    options: [["--account <account>", "of another account; you when left out"]],
    summary: "list what somebody may do on an object or the site",
    load: permission("effective"),
  },
  {
    path: "permission grant",
    operands: "<role>",
    ...none,
    takes: ["output"],
    options: [
      ["--account <account>", "to whom"],
      ["--group <group>", "or to which group"],
      ["--site", "everywhere"],
      ["--folder <path>", "in a folder and all below it"],
      ["--tag <tag>", "on what has a tag"],
      ["--select <selector>", "on what fits: by name, id, tag, folder and host"],
      ["--object <object>", "on one object, by its id"],
      ["--deny", "deny it: a denial wins over every grant"],
    ],
    summary: "give a role to an account or a group somewhere, or deny it there",
    examples: [
      "permission grant operator --group night-shift --tag production",
      "permission grant tenant-administrator --account alice --folder /tenants/a",
      "permission grant viewer --group audit --select 'vm where host.pool = a'",
      "permission grant operator --account bob --tag locked --deny",
    ],
    load: permission("grant"),
  },
  { path: "permission revoke", operands: "<grant...>", ...none, summary: "take grants back, by their ids", load: permission("revoke") },
  { path: "role list", aliases: ["role ls"], takes: ["output"], summary: "list roles", load: role("list") },
  {
    path: "role create",
    operands: "<name>",
    ...none,
    takes: ["output"],
    options: roleOptions,
    repeated: ["permission"],
    summary: "make a role",
    examples: ["role create console-user --permission vm.view --permission vm.console"],
    load: role("create"),
  },
  {
    path: "role change",
    operands: "<role>",
    ...none,
    takes: ["output"],
    options: [forceOption, ["--name <name>", "its new name"], ...roleOptions],
    repeated: ["permission"],
    summary: "change a role of your own; the permissions given are all that it has then",
    load: role("change"),
  },
  {
    path: "role remove",
    aliases: ["role rm"],
    operands: "<role>",
    ...none,
    options: [forceOption, yes],
    summary: "remove a role that no grant has",
    load: role("remove"),
  },
  { path: "folder list", aliases: ["folder ls"], takes: ["output"], summary: "list folders", load: folder("list") },
  {
    path: "folder create",
    aliases: ["folder mkdir"],
    operands: "<path>",
    ...none,
    takes: ["output"],
    summary: "make a folder; those above it must be there",
    examples: ["folder create /tenants", "folder create /tenants/a"],
    load: folder("create"),
  },
  { path: "folder rename", operands: "<path> <name>", ...none, options: [forceOption], summary: "rename a folder", load: folder("rename") },
  {
    path: "folder move",
    aliases: ["folder mv"],
    operands: "<path> <into>",
    ...none,
    options: [forceOption],
    summary: "move a folder with all that is in it into another; / is the top",
    load: folder("move"),
  },
  {
    path: "folder delete",
    aliases: ["folder rm"],
    operands: "<path>",
    ...none,
    options: [forceOption],
    summary: "delete an empty folder",
    load: folder("remove"),
  },
  {
    path: "folder put",
    operands: "<path> <vm-or-host...>",
    completes: ["none", "vmOrHost"],
    options: [forceOption, ["--host", "the names are those of hosts"]],
    summary: "put VMs, or hosts, into a folder; / is the top",
    examples: ["folder put /tenants/a web1 web2", "folder put /tenants/a --host h1"],
    load: folder("put"),
  },
];
