import type { Permission } from "@polyvisor/model";
import type { RouteName } from "./routePaths.ts";

/**
 * What a route asks of who calls it.
 *
 * - `nothing`: anybody, signed in or not
 * - `self`: whoever is signed in; it is about himself, or about nothing of the estate
 * - `site`: the permission on the site as a whole
 * - a kind: the permission on the object that `:id` names. Who may not see that is told that there is none
 * - `each`: whoever is signed in. It tells of what the caller has the permission on and of nothing else, and where it
 *   changes something each object is asked about
 */
export type Needs = { on: "nothing" | "self" } | { on: "site" | "each"; may: Permission } | { on: "vm" | "host" | "datastore" | "network"; may: Permission };

const nothing: Needs = { on: "nothing" };
const self: Needs = { on: "self" };
const site = (may: Permission): Needs => ({ on: "site", may });
const each = (may: Permission): Needs => ({ on: "each", may });
const vm = (may: Permission): Needs => ({ on: "vm", may });
const host = (may: Permission): Needs => ({ on: "host", may });
const accounts = site("account.administer");
const roles = site("role.administer");

/** The authorisation table: a route that is not in it does not compile, and a test walks every row. */
export const needs = {
  infoGet: nothing,
  openapiGet: nothing,
  sessionCreate: nothing,
  signInWays: nothing,
  signInBegin: nothing,
  signInCallback: nothing,
  passkeySignIn: nothing,

  sessionDelete: self,
  sessionList: self,
  sessionRevoke: self,
  signInCodeCreate: self,
  accountGet: self,
  accountPassPhrase: self,
  passkeyList: self,
  passkeyBegin: self,
  passkeyAdd: self,
  passkeyRemove: self,
  totpBegin: self,
  totpConfirm: self,
  totpRemove: self,
  recoveryCodes: self,
  tokenList: self,
  tokenCreate: self,
  tokenDelete: self,
  templateList: self,

  accountList: accounts,
  accountCreate: accounts,
  accountShow: accounts,
  accountChange: accounts,
  accountRemove: accounts,
  accountCode: accounts,
  accountReset: accounts,
  groupList: accounts,
  groupCreate: accounts,
  groupGet: accounts,
  groupChange: accounts,
  groupRemove: accounts,
  memberAdd: accounts,
  memberRemove: accounts,
  identityProviderList: accounts,
  identityProviderGet: accounts,
  identityProviderPut: accounts,
  identityProviderRemove: accounts,
  identityProviderTest: accounts,

  permissionList: self,
  permissionEffective: self,
  permissionWhy: self,
  roleList: self,
  roleCreate: roles,
  roleChange: roles,
  roleRemove: roles,
  grantList: roles,
  grantCreate: roles,
  grantRemove: roles,
  folderList: each("vm.view"),
  folderCreate: each("folder.administer"),
  folderChange: each("folder.administer"),
  folderRemove: each("folder.administer"),

  hostList: each("host.view"),
  hostAdd: site("host.administer"),
  hostTest: site("host.administer"),
  hostGet: host("host.view"),
  hostChange: host("host.administer"),
  hostRemove: host("host.administer"),
  hostReconnect: host("host.administer"),
  hostSamples: host("host.view"),

  vmList: each("vm.view"),
  vmGet: vm("vm.view"),
  vmChange: vm("vm.view"),
  vmDefinition: vm("vm.view"),
  vmExplain: vm("vm.view"),
  vmSamples: vm("vm.view"),
  vmScreenshot: vm("vm.console"),
  vmConsole: vm("vm.console"),
  hostHistory: host("history.view"),
  vmHistory: vm("history.view"),
  datastoreHistory: { on: "datastore", may: "history.view" },
  networkHistory: { on: "network", may: "history.view" },
  historyDifferences: site("history.view"),
  eventList: site("history.view"),
  historyStorage: site("metrics.view"),
  historyRetentionGet: site("metrics.view"),
  historyRetentionSet: site("server.administer"),
  sampleStorage: site("metrics.view"),
  serverList: site("server.administer"),
  logLevelsGet: site("server.administer"),
  logLevelsSet: site("server.administer"),
  supportBundle: site("server.administer"),
  filterComplete: each("vm.view"),
  search: each("vm.view"),
  loadList: each("vm.view"),

  datastoreList: each("datastore.view"),
  datastoreGet: { on: "datastore", may: "datastore.view" },
  volumeRead: { on: "datastore", may: "datastore.content" },
  volumeWrite: { on: "datastore", may: "datastore.content" },
  networkList: each("network.view"),
  networkGet: { on: "network", may: "network.view" },

  taskList: each("task.view"),
  taskCreate: each("vm.view"),
  taskGet: each("task.view"),
  taskCancel: each("task.cancel"),
  taskRetry: each("vm.view"),
  taskRetryPlan: each("vm.view"),
  planMake: each("vm.view"),
  eventStream: each("vm.view"),

  auditLogList: site("audit.view"),
  auditLogExport: site("audit.view"),
  auditLogArchive: site("audit.administer"),
  auditCheckpointList: site("audit.view"),
  auditCheckpointCreate: site("audit.administer"),
} satisfies Record<RouteName, Needs>;
