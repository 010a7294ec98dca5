import { featureTable, type Datastore, type Host, type Network, type Vm } from "@polyvisor/model";

const GiB = 1024 ** 3;

/** Objects of an estate for tests, each with what matters overridden. */
export function aHost(id: string, more: Partial<Host> = {}): Host {
  return {
    kind: "host",
    id,
    revision: 1,
    name: id,
    uri: `test://${id}/`,
    tags: [],
    features: featureTable({}),
    connection: { state: "connected", since: "2026-01-01T00:00:00.000Z" },
    facts: {
      hostname: id,
      machineId: `machine-${id}`,
      hypervisor: { type: "QEMU", version: "7.2" },
      cpu: { model: "x", arch: "x86_64", sockets: 1, coresPerSocket: 4, threadsPerCore: 1, total: 4, mhz: 2000 },
      memory: 16 * GiB,
      numa: [],
      devices: [],
      acceleration: { usable: "emulated", evidence: "a probe did not boot with hardware" },
    },
    ...more,
  };
}

export function aVm(id: string, hostId: string, more: Partial<Vm> = {}): Vm {
  return {
    kind: "vm",
    id,
    hostId,
    revision: 1,
    nativeId: `native-${id}`,
    name: id,
    state: "off",
    reason: "shutdown",
    persistent: true,
    autostart: false,
    virtType: "qemu",
    acceleration: "emulated",
    arch: "x86_64",
    firmware: "bios",
    vcpus: { current: 1, max: 2 },
    memory: { current: GiB, max: GiB },
    disks: [],
    nics: [],
    consoles: [],
    snapshots: [],
    pending: [],
    stateSince: "2026-01-01T00:00:00.000Z",
    tags: [],
    notes: "",
    ...more,
  };
}

export function aDatastore(id: string, hostId: string, more: Partial<Datastore> = {}): Datastore {
  return {
    kind: "datastore",
    id,
    hostId,
    revision: 1,
    nativeId: `native-${id}`,
    name: id,
    type: "dir",
    active: true,
    autostart: true,
    capacity: 100 * GiB,
    allocation: 0,
    available: 100 * GiB,
    path: `/srv/${id}`,
    volumes: [],
    ...more,
  };
}

export function aNetwork(id: string, hostId: string, more: Partial<Network> = {}): Network {
  return {
    kind: "network",
    id,
    hostId,
    revision: 1,
    nativeId: `native-${id}`,
    name: id,
    active: true,
    autostart: true,
    forward: "nat",
    addresses: [],
    dhcp: true,
    ...more,
  };
}

/** A volume of a datastore made by `aDatastore`. */
export const aVolume = (store: string, name: string, capacity = GiB): Datastore["volumes"][number] => ({
  name,
  path: `/srv/${store}/${name}`,
  format: "qcow2",
  capacity,
  allocation: capacity / 2,
});
