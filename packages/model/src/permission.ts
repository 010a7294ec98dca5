/** What a permission is about: objects of a kind, or the site as a whole. */
export type PermissionSubject = "vm" | "host" | "datastore" | "network" | "folder" | "site";
/** From what level on a narrowed token may have it. */
export type PermissionLevel = "read" | "operate" | "admin";

interface PermissionRow {
  on: PermissionSubject;
  level: PermissionLevel;
  means: string;
}

/** Every permission. Closed: what is not here is not asked for. */
export const permissions = {
  "vm.view": { on: "vm", level: "read", means: "see a VM with all that is known of it" },
  "vm.power": { on: "vm", level: "operate", means: "start, shut down, cut, pause, save and restore a VM" },
  "vm.console": { on: "vm", level: "operate", means: "use a VM's consoles, see its screen and send it keys" },
  "vm.snapshot": { on: "vm", level: "operate", means: "make, delete and go back to snapshots of a VM" },
  "vm.edit": { on: "vm", level: "operate", means: "change a VM: memory, processors, disks, NICs, name, notes" },
  "vm.organise": { on: "vm", level: "operate", means: "change a VM's tags and folder, as far as that gives nobody a right that the one who does it lacks" },
  "vm.create": { on: "vm", level: "operate", means: "make VMs in a folder" },
  "vm.delete": { on: "vm", level: "operate", means: "delete a VM and its disks" },
  "vm.migrate": { on: "vm", level: "operate", means: "move a VM to another host that one may use" },
  "vm.define": { on: "vm", level: "admin", means: "make VMs by a definition of the hypervisor's own, which may name any file and device of the host" },
  "host.view": { on: "host", level: "read", means: "see a host" },
  "host.use": { on: "host", level: "operate", means: "place VMs on a host; tells how much memory is free there and which names are taken" },
  "host.administer": { on: "host", level: "admin", means: "add, change, reconnect and forget hosts" },
  "datastore.view": { on: "datastore", level: "read", means: "see a datastore and the names of its volumes" },
  "datastore.use": { on: "datastore", level: "operate", means: "put disks of VMs on a datastore" },
  "datastore.content": { on: "datastore", level: "admin", means: "read and write any volume of a datastore, make and delete volumes" },
  "datastore.administer": { on: "datastore", level: "admin", means: "make, start, stop and delete datastores" },
  "network.view": { on: "network", level: "read", means: "see a network" },
  "network.use": { on: "network", level: "operate", means: "plug VMs into a network" },
  "network.administer": { on: "network", level: "admin", means: "start and stop networks" },
  "history.view": { on: "vm", level: "read", means: "see who changed an object, from where, and what it was" },
  "folder.administer": { on: "folder", level: "admin", means: "make, move and delete folders" },
  "task.view": { on: "site", level: "read", means: "see everybody's tasks" },
  "task.cancel": { on: "site", level: "operate", means: "cancel everybody's tasks" },
  "metrics.view": { on: "site", level: "read", means: "read the metrics of the site, which name every VM" },
  "account.administer": { on: "site", level: "admin", means: "administer accounts, groups, sessions and identity providers" },
  "role.administer": { on: "site", level: "admin", means: "make roles and grants" },
  "audit.view": { on: "site", level: "read", means: "read and export the audit log" },
  "audit.administer": { on: "site", level: "admin", means: "archive the audit log and sign its state" },
  "template.build": { on: "site", level: "admin", means: "build templates on the server's machine" },
  "server.administer": { on: "site", level: "admin", means: "look into the server and change its settings" },
} as const satisfies Record<string, PermissionRow>;

export type Permission = keyof typeof permissions;
export const permissionNames = Object.keys(permissions) as Permission[];
