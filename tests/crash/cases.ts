import { randomUUID } from "node:crypto";
import { actionSchema, type Action } from "@polyvisor/model";
import { simWorld, type SimHostControl } from "@polyvisor/hypervisors";

const GiB = 1024 ** 3;

/** A world of its own for each point at which a server is killed: two hosts, and on the first a VM. */
export class CrashWorld {
  readonly name: string;
  readonly a: string;
  readonly b: string;
  readonly vm = randomUUID();
  readonly nameA: string;
  readonly nameB: string;

  constructor(name: string) {
    this.name = name;
    const uri = (n: number): string => `sim://${name}/host-000${n}?hosts=2&vms=0`;
    this.a = uri(1);
    this.b = uri(2);
    this.nameA = `${name}-a`;
    this.nameB = `${name}-b`;
  }

  get host(): SimHostControl {
    return simWorld(this.name).host(this.a);
  }

  async make({ setup, sleeps, faults }: CrashCase): Promise<void> {
    simWorld(this.name).host(this.b);
    for (const action of [
      { verb: "vm.create", vm: this.vm, spec: { name: "m", memory: GiB, disks: [{ size: GiB, volume: "m.qcow2" }], nics: [{ source: "default" }] } },
      ...(setup?.(this) ?? []),
    ])
      await this.host.outside(actionSchema.parse(action));
    if (sleeps) this.host.guest(this.vm, "sleep");
    for (const fault of faults ?? []) this.host.fault(fault);
  }
}

/** One kind of task. */
export interface CrashCase {
  /** What the VM is brought to before: it is off with one disk and one NIC. */
  setup?(world: CrashWorld): unknown[];
  /** The guest goes to sleep afterwards. */
  sleeps?: true;
  faults?: string[];
  request(world: CrashWorld): { do: string } & Record<string, unknown>;
  /** What comes of it without a crash; success where absent. */
  ends?: "failed";
  /** Verbs whose effect nobody can see: a crash in the middle may end in `interrupted`. */
  blind?: true;
}

const of = (world: CrashWorld): { vms: string[] } => ({ vms: [world.vm] });
const start = (world: CrashWorld): unknown[] => [{ verb: "vm.start", vm: world.vm }];
const then =
  (verb: Action["verb"], more: object = {}) =>
  (world: CrashWorld): unknown[] => [...start(world), { verb, vm: world.vm, ...more }];
const simple = (verb: string, more: object = {}, setup?: CrashCase["setup"], rest: Partial<CrashCase> = {}): CrashCase => ({
  ...(setup ? { setup } : {}),
  request: (world) => ({ do: verb, ...of(world), ...more }),
  ...rest,
});
const onStore = (verb: string, more: object = {}, setup?: CrashCase["setup"], rest: Partial<CrashCase> = {}): CrashCase => ({
  ...(setup ? { setup } : {}),
  request: (world) => ({ do: verb, datastore: `${world.nameA}/${(more as { name?: string }).name ?? "local"}`, ...more, name: undefined }),
  ...rest,
});
const another = (): unknown[] => [{ verb: "datastore.create", name: "other", type: "dir", path: "/srv/other" }];
const volume = (): unknown[] => [{ verb: "volume.create", datastore: "local", volume: "v.qcow2", capacity: GiB }];
const network = (verb: string, setup?: CrashCase["setup"]): CrashCase => ({
  ...(setup ? { setup } : {}),
  request: (world) => ({ do: verb, network: `${world.nameA}/default` }),
});
const fresh = (world: CrashWorld): object => ({ do: "vm.create", host: world.nameA, spec: { name: "fresh", disks: [{ size: GiB }] }, start: true });
const definition = `<domain type="kvm"><name>defined</name><memory unit="MiB">64</memory><vcpu>1</vcpu><os><type>hvm</type></os><devices/></domain>`;

/** Every kind of task that there is, and what is undone when it fails. */
export const crashCases: Record<string, CrashCase> = {
  "vm.create": { request: (world) => fresh(world) as never },
  "vm.create in a folder": { request: (world) => ({ ...fresh(world), folder: "f-crash" }) as never },
  "vm.create of a template": { request: (world) => ({ do: "vm.create", host: world.nameA, template: "tiny", spec: { name: "fresh" }, start: true }) },
  "vm.create that is undone": { faults: ["fail:vm.create:1"], request: (world) => fresh(world) as never, ends: "failed" },
  "vm.create with two disks that is undone": {
    faults: ["fail:vm.create:1"],
    request: (world) => ({ do: "vm.create", host: world.nameA, spec: { name: "fresh", disks: [{ size: GiB }, { size: GiB }] }, start: true }),
    ends: "failed",
  },
  "vm.define": { request: (world) => ({ do: "vm.define", host: world.nameA, definition, start: true }) },
  "vm.delete": simple("vm.delete", { disks: "keep" }),
  "vm.delete with its disks": simple("vm.delete", { disks: "delete", force: true }, start),
  "vm.clone": { request: (world) => ({ do: "vm.clone", vm: world.vm, name: "twin", start: true }) },
  "vm.migrate": { setup: start, request: (world) => ({ do: "vm.migrate", ...of(world), to: world.nameB, copyStorage: true }) },
  "vm.migrate at rest": { request: (world) => ({ do: "vm.migrate", ...of(world), to: world.nameB, copyStorage: true }) },
  "vm.start": simple("vm.start"),
  "vm.shutdown": simple("vm.shutdown", {}, start),
  "vm.reboot": simple("vm.reboot", {}, start, { blind: true }),
  "vm.reset": simple("vm.reset", {}, start, { blind: true }),
  "vm.pause": simple("vm.pause", {}, start),
  "vm.unpause": simple("vm.unpause", {}, then("vm.pause")),
  "vm.wake": simple("vm.wake", {}, start, { sleeps: true }),
  "vm.save": simple("vm.save", {}, start),
  "vm.restore": simple("vm.restore", {}, then("vm.save")),
  "vm.destroy": simple("vm.destroy", {}, start),
  "vm.destroy of many": {
    setup: (world) => [
      ...start(world),
      ...[1, 2, 3].flatMap((n) => {
        const vm = randomUUID();
        return [
          { verb: "vm.create", vm, spec: { name: `more-${n}`, memory: GiB } },
          { verb: "vm.start", vm },
        ];
      }),
    ],
    request: (world) => ({ do: "vm.destroy", select: `host=${world.nameA}` }),
  },
  "vm.setAutostart": simple("vm.setAutostart", { on: true }),
  "vm.rename": simple("vm.rename", { name: "renamed" }),
  "vm.describe": simple("vm.describe", { title: "T", description: "D" }),
  "vm.setMemory": simple("vm.setMemory", { current: GiB / 2, apply: "both" }, start),
  "vm.setVcpus": simple("vm.setVcpus", { current: 2, max: 4, apply: "nextStart" }),
  "vm.attachDisk": simple("vm.attachDisk", { disk: { size: GiB }, apply: "both" }, start),
  "vm.attachDisk that is undone": simple("vm.attachDisk", { disk: { size: GiB }, apply: "both" }, start, { faults: ["fail:vm.attachDisk:1"], ends: "failed" }),
  "vm.detachDisk": simple("vm.detachDisk", { target: "vda", apply: "both" }, start),
  "vm.changeMedia": simple("vm.changeMedia", { target: "hda", source: "local/v.qcow2", apply: "nextStart" }, (world) => [
    ...volume(),
    { verb: "vm.attachDisk", vm: world.vm, disk: { device: "cdrom", bus: "ide", target: "hda", format: "raw" }, apply: "nextStart" },
  ]),
  "vm.attachNic": simple("vm.attachNic", { nic: { source: "storage" }, apply: "both" }, start),
  "vm.detachNic": {
    setup: (world) => [{ verb: "vm.attachNic", vm: world.vm, nic: { source: "lan", mac: "52:54:00:00:00:01" }, apply: "nextStart" }],
    request: (world) => ({ do: "vm.detachNic", ...of(world), mac: "52:54:00:00:00:01", apply: "nextStart" }),
  },
  "vm.snapshot": simple("vm.snapshot", { name: "s" }, start),
  "vm.revert": simple("vm.revert", { snapshot: "s" }, (world) => [{ verb: "vm.snapshot", vm: world.vm, name: "s" }, ...start(world)], { blind: true }),
  "vm.deleteSnapshot": simple("vm.deleteSnapshot", { snapshot: "s" }, (world) => [{ verb: "vm.snapshot", vm: world.vm, name: "s" }]),
  "vm.sendKeys": simple("vm.sendKeys", { keys: ["KEY_A"] }, start, { blind: true }),
  "datastore.create": { request: (world) => ({ do: "datastore.create", host: world.nameA, name: "other", path: "/srv/other" }) },
  "datastore.start": onStore("datastore.start", { name: "other" }, () => [...another(), { verb: "datastore.stop", datastore: "other" }]),
  "datastore.stop": onStore("datastore.stop", { name: "other" }, another),
  "datastore.delete": onStore("datastore.delete", { name: "other" }, () => [...another(), { verb: "datastore.stop", datastore: "other" }]),
  "datastore.refresh": onStore("datastore.refresh", {}, undefined, { blind: true }),
  "volume.create": onStore("volume.create", { volume: "v.qcow2", capacity: GiB }),
  "volume.resize": onStore("volume.resize", { volume: "v.qcow2", capacity: 2 * GiB }, volume),
  "volume.delete": onStore("volume.delete", { volume: "v.qcow2" }, volume),
  "network.start": network("network.start", () => [{ verb: "network.stop", network: "default" }]),
  "network.stop": network("network.stop"),
  "template.build": { request: () => ({ do: "template.build", template: "small" }) },
};
