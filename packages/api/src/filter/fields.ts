import { connectionStates, diskBuses, diskFormats, diskSchema, hostFactsSchema, nicSchema, vmSchema, vmStates } from "@polyvisor/model";

export const filterKinds = ["vm", "host", "datastore", "network"] as const;
export type FilterKind = (typeof filterKinds)[number];

/**
 * `text` is compared as it is, `~` without letter case. `percent`, `bytes`, `rate` (bytes a second) and `duration` need
 * their unit; `date` is ISO 8601 or `2d ago`.
 */
export type FieldType = "text" | "enum" | "boolean" | "number" | "bytes" | "rate" | "percent" | "date" | "duration";

/** One field of a kind, as a filter knows it. */
export interface FieldRow {
  type: FieldType;
  means: string;
  /** What there is, where that is closed. */
  values?: readonly string[];
  /** An object may have several: a comparison holds where it holds for one of them. */
  many?: true;
  /** Other names of it. */
  also?: readonly string[];
}
type Fields = Readonly<Record<string, FieldRow>>;

const text = (means: string, more: Partial<FieldRow> = {}): FieldRow => ({ type: "text", means, ...more });
const texts = (means: string, more: Partial<FieldRow> = {}): FieldRow => ({ type: "text", means, many: true, ...more });
const of = (means: string, values: readonly string[], more: Partial<FieldRow> = {}): FieldRow => ({ type: "enum", means, values, ...more });
const flag = (means: string, more: Partial<FieldRow> = {}): FieldRow => ({ type: "boolean", means, values: ["true", "false"], ...more });
const count = (means: string, more: Partial<FieldRow> = {}): FieldRow => ({ type: "number", means, ...more });
const bytes = (means: string, more: Partial<FieldRow> = {}): FieldRow => ({ type: "bytes", means, ...more });
const rate = (means: string): FieldRow => ({ type: "rate", means });
const percent = (means: string): FieldRow => ({ type: "percent", means });

const everywhere = {
  name: text("its name"),
  id: texts("Polyvisor's id, or the hypervisor's own (a UUID)"),
} satisfies Fields;
const onHost = { host: texts("name or id of the host it is on") } satisfies Fields;
const nowOnly = "; absent where nothing was measured in the last three rounds";

export const vmFields = {
  ...everywhere,
  ...onHost,
  state: of("what it is doing", vmStates),
  reason: text("why it is in that state: booted, shutdown, crashed, ioerror, …"),
  since: { type: "date", means: "when its state was first seen", also: ["stateSince"] },
  "state.age": { type: "duration", means: "how long it is in its state" },
  tag: texts("its tags", { also: ["tags"] }),
  folder: text("id of the folder it is in"),
  notes: text("the notes that operators keep on it"),
  title: text("its title at the hypervisor"),
  description: text("its description at the hypervisor"),
  type: text("the hypervisor's type of it: kvm, qemu, xen, lxc, …"),
  os: text("the guest's system where it is known"),
  arch: text("processor architecture: x86_64, aarch64, …"),
  machine: text("machine type"),
  acceleration: of("how guest code is executed", vmSchema.shape.acceleration.options),
  firmware: of("what boots it", vmSchema.shape.firmware.options),
  autostart: flag("starts with its host"),
  persistent: flag("stays defined when it is off"),
  pending: texts("what changes at its next start: memory, vcpus, disks, nics, other"),
  vcpus: count("virtual processors now", { also: ["cpus"] }),
  "vcpus.max": count("virtual processors it may have"),
  memory: bytes("memory granted now"),
  "memory.max": bytes("memory it may be granted"),
  "disk.count": count("how many disks and drives it has"),
  "disk.target": texts("names of its disks: vda, sdb"),
  "disk.device": of("what its disks are", diskSchema.shape.device.options, { many: true }),
  "disk.bus": of("buses of its disks", diskBuses, { many: true }),
  "disk.format": of("formats of its disks", diskFormats, { many: true }),
  "disk.source": texts("where its disks lie: a path, or datastore/volume", { also: ["disk.path"] }),
  "disk.capacity": bytes("size of its disks as the guest sees it", { many: true, also: ["disk.size"] }),
  "disk.allocation": bytes("what its disks take", { many: true }),
  "nic.count": count("how many NICs it has"),
  "nic.mac": texts("MAC addresses", { also: ["mac"] }),
  "nic.address": texts("IP addresses of the guest", { also: ["address", "ip"] }),
  "nic.model": texts("models of its NICs"),
  "nic.kind": of("what its NICs are plugged into", nicSchema.shape.kind.options, { many: true }),
  "nic.up": of("whether the links of its NICs are up", ["true", "false"], { many: true }),
  network: texts("names of the networks, bridges and devices its NICs are plugged into"),
  datastore: texts("names of the datastores its disks are on"),
  "snapshot.count": count("how many snapshots it has"),
  "snapshot.name": texts("names of its snapshots"),
  "cpu.use": percent(`share of its virtual processors that is busy${nowOnly}`),
  "cpu.cores": count(`processors that are busy with it${nowOnly}`),
  "cpu.wait": count(`processors it waited for and did not get (steal)${nowOnly}`),
  "memory.use": percent(`share of its memory that the guest uses${nowOnly}`),
  "memory.used": bytes(`memory that the guest uses${nowOnly}`),
  "disk.read": rate(`bytes a second read from its disks${nowOnly}`),
  "disk.write": rate(`bytes a second written to its disks${nowOnly}`),
  "net.receive": rate(`bytes a second received${nowOnly}`),
  "net.transmit": rate(`bytes a second sent${nowOnly}`),
} satisfies Fields;

export const hostFields = {
  ...everywhere,
  host: texts("its name or id"),
  state: of("its connection", connectionStates),
  since: { type: "date", means: "since when its connection is so" },
  "state.age": { type: "duration", means: "how long its connection is so" },
  failure: text("code of why it is not connected"),
  tag: texts("its tags", { also: ["tags"] }),
  folder: text("id of the folder it is in"),
  pool: texts("what its tags say after pool: or pool= (a host tagged pool:a is in the pool a)"),
  uri: text("where it is"),
  hostname: text("the machine's own name"),
  type: text("its hypervisor: QEMU, Xen, LXC, …"),
  version: text("version of its hypervisor"),
  arch: text("processor architecture"),
  "cpu.model": text("processor model"),
  cpus: count("processors"),
  memory: bytes("memory of the machine"),
  acceleration: of("what a probe showed to work", hostFactsSchema.shape.acceleration.shape.usable.options),
  "vm.count": count("how many VMs are on it"),
  "memory.granted": bytes("memory that its VMs hold"),
  "cpu.use": percent(`share of its processors that is busy${nowOnly}`),
  "cpu.cores": count(`processors that are busy${nowOnly}`),
  "memory.use": percent(`share of its memory that is used${nowOnly}`),
  "memory.used": bytes(`memory that is used${nowOnly}`),
} satisfies Fields;

const activity = {
  state: of("whether it is started", ["active", "inactive"]),
  active: flag("it is started"),
  autostart: flag("starts with its host"),
} satisfies Fields;

export const datastoreFields = {
  ...everywhere,
  ...onHost,
  ...activity,
  datastore: text("its name"),
  type: text("dir, logical, netfs, iscsi, rbd, …"),
  path: text("its folder on the host"),
  capacity: bytes("its size"),
  allocation: bytes("what is taken of it"),
  available: bytes("what is free of it", { also: ["free"] }),
  use: percent("share of it that is taken"),
  "volume.count": count("how many volumes are in it"),
} satisfies Fields;

export const networkFields = {
  ...everywhere,
  ...onHost,
  ...activity,
  network: text("its name"),
  type: text("how it reaches the outside: nat, route, open, bridge, isolated, …", { also: ["forward"] }),
  bridge: text("its bridge on the host"),
  address: texts("the host's addresses on it, with prefix length"),
  dhcp: flag("it gives addresses"),
} satisfies Fields;

/** Fields of each kind's own. */
export const ownFields: { readonly [K in FilterKind]: Fields } = { vm: vmFields, host: hostFields, datastore: datastoreFields, network: networkFields };

/** Kinds that a field of a kind may go through: `host.pool` of a VM. */
export const relations: { readonly [K in FilterKind]: readonly FilterKind[] } = {
  vm: ["host", "datastore", "network"],
  host: [],
  datastore: ["host"],
  network: ["host"],
};

/** Where a word that stands alone is looked for; and as an id. */
export const searchedFields: { readonly [K in FilterKind]: readonly string[] } = {
  vm: ["name", "title", "tag", "nic.address", "nic.mac"],
  host: ["name", "hostname", "tag", "uri"],
  datastore: ["name", "path"],
  network: ["name", "bridge", "address"],
};

/** A field by one of its names. `through` is set where it is one of a related kind's. */
export interface FoundField {
  name: string;
  row: FieldRow;
  through?: FilterKind;
}

function ownField(kind: FilterKind, name: string): { name: string; row: FieldRow } | undefined {
  const rows = ownFields[kind];
  if (Object.hasOwn(rows, name)) return { name, row: rows[name]! };
  for (const [each, row] of Object.entries(rows)) if (row.also?.includes(name)) return { name: each, row };
  return undefined;
}

export function findField(kind: FilterKind, name: string): FoundField | undefined {
  const own = ownField(kind, name);
  if (own) return own;
  const through = relations[kind].find((each) => name.startsWith(`${each}.`));
  const found = through && ownField(through, name.slice(through.length + 1));
  return found && { ...found, through };
}

/** Every field that a filter of a kind may name, those of its related kinds after its own. */
export function fieldNames(kind: FilterKind): string[] {
  return [...Object.keys(ownFields[kind]), ...relations[kind].flatMap((each) => Object.keys(ownFields[each]).map((name) => `${each}.${name}`))];
}
