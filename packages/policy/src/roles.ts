import { permissionNames, type Permission } from "@polyvisor/model";
import type { Role } from "./grant.ts";

const viewer: Permission[] = ["vm.view", "host.view", "datastore.view", "network.view", "history.view"];
const operator: Permission[] = [...viewer, "vm.power", "vm.console", "vm.snapshot"];
const tenant: Permission[] = [
  ...operator,
  "vm.edit",
  "vm.organise",
  "vm.create",
  "vm.delete",
  "vm.migrate",
  "host.use",
  "datastore.use",
  "network.use",
  "folder.administer",
];

export const administratorRole = "administrator";

/** Roles that every site has; they are neither changed nor deleted. Their id is their name. */
export const builtInRoles: readonly (Role & { description: string })[] = [
  { id: "viewer", name: "viewer", description: "sees", permissions: viewer },
  { id: "operator", name: "operator", description: "sees, switches on and off, and uses consoles and snapshots", permissions: operator },
  {
    id: "tenant-administrator",
    name: "tenant-administrator",
    description: "does everything with VMs of its part of the site, and uses the hosts, datastores and networks of that part",
    permissions: tenant,
  },
  { id: administratorRole, name: administratorRole, description: "does everything", permissions: permissionNames },
];
