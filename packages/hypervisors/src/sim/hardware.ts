import type { HostFacts } from "@polyvisor/model";
import { deepFreeze } from "./deepFreeze.ts";
import { dice, pick, uuidOf } from "./seeded.ts";

const GiB = 1024 ** 3;

const models = [
  { model: "EPYC 7313", vendor: "AMD", cores: 16, mhz: 3000, memory: [128, 256] },
  { model: "EPYC 7543", vendor: "AMD", cores: 32, mhz: 2800, memory: [256, 512] },
  { model: "EPYC 9454", vendor: "AMD", cores: 48, mhz: 2750, memory: [384, 768] },
  { model: "Xeon E5-2680 v4", vendor: "Intel", cores: 14, mhz: 2400, memory: [128, 256] },
  { model: "Xeon Gold 6230", vendor: "Intel", cores: 20, mhz: 2100, memory: [192, 384] },
  { model: "Xeon Gold 6338", vendor: "Intel", cores: 32, mhz: 2000, memory: [256, 512] },
] as const;
const networkCards = ["10-Gigabit network controller", "25-Gigabit network controller", "100-Gigabit network controller"];
const controllers = ["SAS storage controller", "NVMe solid state drive"];

/**
 * The machine of a simulated host: two sockets, a NUMA cell each. A site buys in batches, so eight hosts
 * in a row are alike.
 * @param needed bytes of memory that its VMs hold; the machine has more
 */
export function hardwareOf(key: string, batchKey: string, hostname: string, needed: number): HostFacts {
  const machine = pick(models, `${batchKey}/model`);
  const sockets = 2;
  const threadsPerCore = 2;
  const total = sockets * machine.cores * threadsPerCore;
  let memory = pick(machine.memory, `${batchKey}/memory`) * GiB;
  while (memory * 0.85 < needed) memory *= 2;
  const perCell = total / sockets;
  return deepFreeze({
    hostname,
    machineId: uuidOf(`${key}/machine`),
    hypervisor: { type: "sim", version: "1.0.0" },
    cpu: { model: machine.model, vendor: machine.vendor, arch: "x86_64", sockets, coresPerSocket: machine.cores, threadsPerCore, total, mhz: machine.mhz },
    memory,
    numa: Array.from({ length: sockets }, (_, cell) => ({
      cell,
      memory: memory / sockets,
      cpus: Array.from({ length: perCell }, (_, i) => cell * perCell + i),
    })),
    devices: devicesOf(batchKey),
    acceleration: { usable: "hardware" as const, evidence: "simulated: this host executes no guest code" },
  });
}

function devicesOf(key: string): HostFacts["devices"] {
  const card = pick(networkCards, `${key}/network`);
  const devices: HostFacts["devices"] = [0, 1].map((n) => ({ name: `pci_0000_3b_00_${n}`, class: "pci" as const, description: `${card}, port ${n + 1}` }));
  devices.push({ name: "pci_0000_18_00_0", class: "pci", description: pick(controllers, `${key}/storage`) });
  if (dice(`${key}/gpu`) < 0.1) devices.push({ name: "pci_0000_af_00_0", class: "pci", description: "Data centre GPU, 24 GiB" });
  devices.push({ name: "net_eno1", class: "net", description: "eno1" }, { name: "net_eno2", class: "net", description: "eno2" });
  return devices;
}
