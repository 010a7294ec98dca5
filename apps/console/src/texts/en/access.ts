import { permissions, type Permission } from "@polyvisor/model/tables";

/** English is what the table of permissions itself says. */
const means = Object.fromEntries(Object.entries(permissions).map(([name, row]) => [name.replace(".", "_"), row.means])) as Readonly<
  Record<Permission extends infer P ? (P extends `${infer A}.${infer B}` ? `${A}_${B}` : never) : never, string>
>;

export const access = {
  tab: "Permissions",
  on: { vm: "VMs", host: "Hosts", datastore: "Datastores", network: "Networks", folder: "Folders", site: "The site" },
  means,
  role: "Role",
  effect: "Effect",
  effects: { allow: "allows", deny: "denies" },
  whom: "To whom",
  whomKind: "To a group or to an account",
  where: "Where",
  group: "Group",
  account: "Account",
  places: { site: "The whole site", folder: "Folder", tag: "Tag", selector: "What fits a selector", object: "One object" },
  placeHelp: {
    folder: "Path, such as /tenants/a: it holds for all that is in it",
    tag: "It holds for what has the tag",
    selector: "vm where host.pool = a and not tag = locked",
    object: "Id of a VM, host, datastore or network",
  },
  onSite: "on the whole site",
  inFolder: "in the folder",
  onTag: "on what has the tag",
  onSelector: "on {{kind}} that fit",
  onObject: "on the object",
  give: "Give",
  deny: "Deny",
  denialWins: "A denial wins over every grant that allows.",
  grantOn: "A grant on {{name}}",
  permission: "Permission",
  accountHelp: "Name or id; you where empty",
  objectOrSite: "Object",
  objectHelp: "Id, or KIND/NAME such as vm/web1; the site where empty",
  theSite: "the site",
  may: "{{account}} may: {{permission}} on {{object}}",
  mayNot: "{{account}} may not: {{permission}} on {{object}}",
  becauseGroup: "The role {{role}}, by the group {{name}},",
  becauseAccount: "The role {{role}}, by the account {{name}},",
  noGrant: "No grant speaks to it.",
  whatYouMay: "What you may do here",
  whatOneMay: "What {{account}} may do here",
  whyShort: "Why?",
  yes: "yes",
  no: "no",
} as const;
