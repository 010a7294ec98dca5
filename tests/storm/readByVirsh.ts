import { all, one, readXml, textAt, type Element } from "./readXml.ts";
import type { StormHost } from "./stormHost.ts";

/** Objects of a host by kind and native id, each with the fields that virsh tells. */
export type Reading = Record<"vm" | "datastore" | "network", Map<string, Record<string, unknown>>>;

const KiB = 1024;
const states: Record<string, string> = {
  running: "running",
  idle: "blocked",
  paused: "paused",
  "in shutdown": "shuttingDown",
  "shut off": "off",
  crashed: "crashed",
  pmsuspended: "suspended",
};
const reasons: Record<string, string> = {
  "from snapshot": "fromSnapshot",
  "migration canceled": "migrationCanceled",
  "save canceled": "saveCanceled",
  "event wakeup": "wakeup",
  "I/O error": "ioerror",
  "shutting down": "shuttingDown",
  "creating snapshot": "snapshot",
  "starting up": "startingUp",
};
const nicKinds = new Set(["network", "bridge", "direct", "user", "ethernet", "hostdev"]);

/** `Name:   value` lines. */
function table(text: string): Record<string, string> {
  return Object.fromEntries(text.split("\n").map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]));
}
const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** The whole of a host as virsh tells it now. Rejects when something goes while it is read. */
export async function readByVirsh(host: StormHost): Promise<Reading> {
  const [vms, pools, nets] = await host.virshAll(["list --all --uuid", "pool-list --all --uuid", "net-list --all --uuid"]);
  const reading: Reading = { vm: new Map(), datastore: new Map(), network: new Map() };
  for (const id of lines(vms!)) reading.vm.set(id, await vm(host, id));
  for (const id of lines(pools!)) reading.datastore.set(id, await datastore(host, id));
  for (const id of lines(nets!)) {
    const [xml, info] = await host.virshAll([`net-dumpxml ${id}`, `net-info ${id}`]);
    reading.network.set(id, network(readXml(xml!), table(info!)));
  }
  return reading;
}

async function vm(host: StormHost, id: string): Promise<Record<string, unknown>> {
  const [xml, state, info, names] = await host.virshAll([`dumpxml ${id}`, `domstate ${id} --reason`, `dominfo ${id}`, `snapshot-list ${id} --name`]);
  const root = readXml(xml!);
  const facts = table(info!);
  const [, word, reason] = /^(.*?)(?: \((.*)\))?$/.exec(state!)!;
  const max = Number(textAt(root, "vcpu"));
  const saved = facts["Managed save"] === "yes" && word === "shut off";
  const snapshots = await Promise.all(lines(names!).map(async (name) => snapshot(name, readXml(await host.virsh("snapshot-dumpxml", id, name)))));
  const kib = (name: string): number => Number(textAt(root, name)) * KiB;
  return {
    name: textAt(root, "name"),
    title: textAt(root, "title"),
    description: textAt(root, "description"),
    state: saved ? "saved" : word === "shut off" && reason === "crashed" ? "crashed" : states[word!],
    reason: saved ? "saved" : (reasons[reason ?? ""] ?? reason ?? "unknown"),
    persistent: facts["Persistent"] === "yes",
    autostart: facts["Autostart"] === "enable",
    virtType: root.attributes["type"],
    arch: one(root, "os", "type")!.attributes["arch"],
    vcpus: { current: Number(one(root, "vcpu")!.attributes["current"] ?? max), max },
    memory: { current: Number.parseInt(facts["Used memory"]!, 10) * KiB, max: kib("memory") },
    disks: all(root, "devices", "disk").map((disk) => ({
      target: one(disk, "target")!.attributes["dev"],
      device: disk.attributes["device"],
      source: one(disk, "source")?.attributes["file"],
    })),
    nics: all(root, "devices", "interface").map((nic) => ({
      mac: one(nic, "mac")!.attributes["address"],
      model: one(nic, "model")?.attributes["type"],
      kind: nicKinds.has(nic.attributes["type"]!) ? nic.attributes["type"] : "other",
      source: one(nic, "source")?.attributes["network"],
      hostInterface: one(nic, "target")?.attributes["dev"],
    })),
    snapshots: snapshots.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function snapshot(name: string, root: Element) {
  const state = textAt(root, "state");
  return {
    name,
    parent: textAt(root, "parent", "name"),
    createdAt: new Date(Number(textAt(root, "creationTime")) * 1000).toISOString(),
    state: state === "shutoff" ? "off" : state,
  };
}

async function datastore(host: StormHost, id: string): Promise<Record<string, unknown>> {
  const [xml, info, volumes] = await host.virshAll([`pool-dumpxml ${id}`, `pool-info ${id} --bytes`, `vol-list ${id}`]);
  const root = readXml(xml!);
  const facts = table(info!);
  const names = lines(volumes!).map((line) => line.split(/\s+/)[0]!);
  const described = await host.virshAll(names.map((name) => `vol-dumpxml ${name} ${id}`));
  return {
    name: textAt(root, "name"),
    type: root.attributes["type"],
    active: facts["State"] === "running",
    autostart: facts["Autostart"] === "yes",
    capacity: Number(facts["Capacity"]),
    allocation: Number(facts["Allocation"]),
    path: textAt(root, "target", "path"),
    volumes: described
      .map((each) => readXml(each))
      .map((volume) => ({
        name: textAt(volume, "name")!,
        path: textAt(volume, "target", "path"),
        format: one(volume, "target", "format")?.attributes["type"],
        capacity: Number(textAt(volume, "capacity")),
        allocation: Number(textAt(volume, "allocation")),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function network(root: Element, facts: Record<string, string>): Record<string, unknown> {
  const mask = (ip: Element): string =>
    String(
      ip.attributes["prefix"] ?? ip.attributes["netmask"]?.split(".").reduce((bits, part) => bits + Number(part).toString(2).replaceAll("0", "").length, 0),
    );
  return {
    name: textAt(root, "name"),
    active: facts["Active"] === "yes",
    autostart: facts["Autostart"] === "yes",
    bridge: one(root, "bridge")?.attributes["name"],
    forward: one(root, "forward")?.attributes["mode"] ?? "isolated",
    addresses: all(root, "ip").map((ip) => `${ip.attributes["address"]}/${mask(ip)}`),
    dhcp: all(root, "ip", "dhcp").length > 0,
  };
}
