/** Where a task of a case is done: one daemon, and names that are its own. */
export interface LibvirtPlace {
  /** Of the host in the estate. */
  host: string;
  /** The daemon's folder for datastores; `store` is one there. */
  folder: string;
  /** Of the VM, datastore or volume that it is about. */
  name: string;
}

/** One kind of task on a real libvirtd. */
export interface LibvirtCase {
  /** Text of the VM's devices, where there is to be a VM. */
  devices?(place: LibvirtPlace): string;
  /** Commands of virsh that bring the world to where the task begins. */
  setup?(place: LibvirtPlace): string[];
  request(place: LibvirtPlace): { do: string } & Record<string, unknown>;
  /** A command of virsh, and what stands in its answer exactly once afterwards. */
  proof(place: LibvirtPlace): [command: string, once: RegExp];
  /** Nobody can see whether it was done. */
  blind?: true;
  /** Failure that is right as well: libvirt itself makes a folder's datastore active again when it comes up. */
  or?: string;
}

const MiB = 1024 ** 2;
const disk = ({ folder, name }: LibvirtPlace): string =>
  `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${folder}/store/${name}-d.qcow2'/><target dev='vda' bus='virtio'/></disk>`;
const volume = ({ name }: LibvirtPlace): string => `vol-create-as store ${name}-d.qcow2 1M --format qcow2`;
const cdrom = `<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>`;
const nic = `<interface type='user'><mac address='52:54:00:00:00:01'/></interface>`;
const none = (): string => "";

const exact = (text: string): RegExp => new RegExp(`^ *${text} *$`, "gm");
/** An action on a VM that is off, or brought to where it begins by `setup`. */
const onVm = (verb: string, more: object, proof: LibvirtCase["proof"], rest: Partial<LibvirtCase> = {}): LibvirtCase => ({
  devices: none,
  request: ({ name }) => ({ do: verb, vms: [name], ...more }),
  proof,
  ...rest,
});
const state =
  (text: string): LibvirtCase["proof"] =>
  ({ name }) => [`domstate ${name}`, exact(text)];
const inXml =
  (once: RegExp): LibvirtCase["proof"] =>
  ({ name }) => [`dumpxml --inactive ${name}`, once];
const start = ({ name }: LibvirtPlace): string[] => [`start ${name}`];
const snapshot = ({ name }: LibvirtPlace): string => `snapshot-create-as ${name} s`;
const pool =
  (command: string): LibvirtCase["setup"] =>
  ({ folder, name }) => [
    `pool-define-as ${name} dir --target ${folder}/${name}`,
    `pool-build ${name}`,
    `pool-start ${name}`,
    ...(command === "" ? [] : [`${command} ${name}`]),
  ];
const onStore = (verb: string, setup: LibvirtCase["setup"], proof: LibvirtCase["proof"], rest: Partial<LibvirtCase> = {}): LibvirtCase => ({
  ...(setup ? { setup } : {}),
  request: ({ host, name }) => ({ do: verb, datastore: `${host}/${name}` }),
  proof,
  ...rest,
});
const once = ({ name }: LibvirtPlace): [string, RegExp] => ["list --all --name", exact(name)];

/**
 * Every kind of task that an unprivileged libvirtd does. Not here are those that it cannot: networks of its own and moves to
 * another machine; and those that need a guest that listens: shutdown and wake.
 */
export const libvirtCases: Record<string, LibvirtCase> = {
  "datastore.create": {
    request: ({ host, folder, name }) => ({ do: "datastore.create", host, name, path: `${folder}/${name}` }),
    proof: ({ name }) => ["pool-list --all --name", exact(name)],
  },
  "datastore.start": onStore("datastore.start", pool("pool-destroy"), ({ name }) => ["pool-list --name", exact(name)]),
  "datastore.stop": onStore("datastore.stop", pool(""), ({ name }) => ["pool-list --all --name", exact(name)]),
  "datastore.delete": onStore("datastore.delete", pool("pool-destroy"), () => ["pool-list --all --name", exact("store")], { or: "inUse" }),
  "datastore.refresh": onStore("datastore.refresh", pool(""), ({ name }) => ["pool-list --name", exact(name)], { blind: true }),
  "volume.create": {
    request: ({ host, name }) => ({ do: "volume.create", datastore: `${host}/store`, volume: `${name}.img`, capacity: MiB, format: "raw" }),
    proof: ({ name }) => ["vol-list store", new RegExp(`^ *${name}\\.img `, "gm")],
  },
  "volume.resize": {
    setup: (place) => [volume(place), "pool-refresh store"],
    request: ({ host, name }) => ({ do: "volume.resize", datastore: `${host}/store`, volume: `${name}-d.qcow2`, capacity: 2 * MiB }),
    proof: ({ name }) => [`vol-info store/${name}-d.qcow2 --bytes`.replace("store/", "--pool store "), /Capacity: +2097152 /g],
  },
  "volume.delete": {
    setup: (place) => [volume(place), "pool-refresh store"],
    request: ({ host, name }) => ({ do: "volume.delete", datastore: `${host}/store`, volume: `${name}-d.qcow2` }),
    proof: ({ name }) => [`vol-list store`, new RegExp(`^(?![^]*${name}-d)`, "g")],
  },
  "vm.create": {
    request: ({ host, name }) => ({
      do: "vm.create",
      host,
      spec: { name, memory: 64 * MiB, disks: [{ size: MiB, datastore: "store" }], nics: [] },
      start: true,
    }),
    proof: once,
  },
  "vm.define": {
    request: ({ host, name }) => ({ do: "vm.define", host, definition: domainXml(name, ""), start: false }),
    proof: once,
  },
  "vm.delete": {
    devices: disk,
    setup: (place) => [volume(place), "pool-refresh store", ...start(place)],
    request: ({ name }) => ({ do: "vm.delete", vms: [name], disks: "delete", force: true }),
    proof: ({ name }) => ["list --all --name", new RegExp(`^(?![^]*\\b${name}\\b)`, "g")],
  },
  "vm.clone": {
    devices: disk,
    setup: (place) => [volume(place), "pool-refresh store"],
    request: ({ name }) => ({ do: "vm.clone", vm: name, name: `${name}-twin`, start: false }),
    proof: ({ name }) => ["list --all --name", exact(`${name}-twin`)],
  },
  "vm.start": onVm("vm.start", {}, state("running")),
  "vm.destroy": onVm("vm.destroy", {}, state("shut off"), { setup: start }),
  "vm.pause": onVm("vm.pause", {}, state("paused"), { setup: start }),
  "vm.unpause": onVm("vm.unpause", {}, state("running"), { setup: ({ name }) => [`start ${name} --paused`] }),
  "vm.reset": onVm("vm.reset", {}, state("running"), { setup: start, blind: true }),
  "vm.reboot": onVm("vm.reboot", {}, state("running"), { setup: start, blind: true }),
  "vm.sendKeys": onVm("vm.sendKeys", { keys: ["KEY_A"] }, state("running"), { setup: start, blind: true }),
  "vm.save": onVm("vm.save", {}, state("shut off"), { setup: start }),
  "vm.restore": onVm("vm.restore", {}, state("running"), { setup: ({ name }) => [`start ${name}`, `managedsave ${name}`] }),
  "vm.setAutostart": onVm("vm.setAutostart", { on: true }, ({ name }) => [`dominfo ${name}`, /Autostart: +enable/g]),
  "vm.rename": onVm("vm.rename", {}, ({ name }) => ["list --all --name", exact(`${name}-new`)], {
    request: ({ name }) => ({ do: "vm.rename", vms: [name], name: `${name}-new` }),
  }),
  "vm.describe": onVm("vm.describe", { title: "T" }, inXml(/<title>T<\/title>/g)),
  "vm.setMemory": onVm("vm.setMemory", { current: 32 * MiB, apply: "nextStart" }, inXml(/<currentMemory unit='KiB'>32768</g)),
  "vm.setVcpus": onVm("vm.setVcpus", { current: 2, max: 2, apply: "nextStart" }, inXml(/<vcpu [^>]*>2</g)),
  "vm.attachDisk": onVm("vm.attachDisk", { disk: { size: MiB, datastore: "store" }, apply: "nextStart" }, inXml(/<target dev='vda'/g)),
  "vm.detachDisk": onVm("vm.detachDisk", { target: "vda", apply: "nextStart" }, inXml(/^(?![^]*'vda')/g), {
    devices: disk,
    setup: (place) => [volume(place), "pool-refresh store"],
  }),
  "vm.changeMedia": onVm("vm.changeMedia", {}, inXml(/<source file=/g), {
    devices: () => cdrom,
    setup: (place) => [volume(place), "pool-refresh store"],
    request: ({ name }) => ({ do: "vm.changeMedia", vms: [name], target: "sda", source: `store/${name}-d.qcow2`, apply: "nextStart" }),
  }),
  "vm.attachNic": onVm("vm.attachNic", { nic: { kind: "user" }, apply: "nextStart" }, inXml(/<interface type='user'/g)),
  "vm.detachNic": onVm("vm.detachNic", { mac: "52:54:00:00:00:01", apply: "nextStart" }, inXml(/^(?![^]*<interface)/g), { devices: () => nic }),
  "vm.snapshot": onVm("vm.snapshot", { name: "s" }, ({ name }) => [`snapshot-list ${name} --name`, exact("s")], {
    devices: disk,
    setup: (place) => [volume(place), "pool-refresh store"],
  }),
  "vm.revert": onVm("vm.revert", { snapshot: "s" }, ({ name }) => [`snapshot-list ${name} --name`, exact("s")], {
    devices: disk,
    setup: (place) => [volume(place), "pool-refresh store", snapshot(place)],
    blind: true,
  }),
  "vm.deleteSnapshot": onVm("vm.deleteSnapshot", { snapshot: "s" }, ({ name }) => [`snapshot-list ${name} --name`, /^(?![^]*s)/g], {
    devices: disk,
    setup: (place) => [volume(place), "pool-refresh store", snapshot(place)],
  }),
};

/** A small VM, emulated. */
export const domainXml = (name: string, devices: string): string =>
  `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>${devices}</devices></domain>`;
