import type { Request } from "@polyvisor/api";
import { formatBytes, vmSpecSchema, PolyvisorError, type DiskSpec, type Host, type NicSpec, type VmSpec, type VmSpecInput } from "@polyvisor/model";
import { answering, needFeature } from "./checks.ts";
import { placeImages } from "./images.ts";
import { chooseDatastore, chooseHost, freeMemory, freeVolumeName, networksOf, type ChosenDatastore } from "./placement.ts";
import { makeMac, makeUuid, type PlanInput, type PlanTemplate } from "./planInput.ts";
import { nameFree } from "./simpleVm.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

type CreateRequest = Extract<Request, { do: "vm.create" }>;

const prefixes: Record<DiskSpec["bus"], string> = { virtio: "vd", scsi: "sd", sata: "sd", usb: "sd", ide: "hd", xen: "xvd", fdc: "fd", other: "vd" };

/** A new VM: where it goes, what is made for it and in which order. Every choice is in the plan, none is left to the host. */
export function planCreateVm(input: PlanInput & { request: CreateRequest }): Work {
  const { request, estate } = input;
  const template = request.template === undefined ? undefined : templateOf(input, request.template);
  const work = new WorkBuilder();
  const memory = request.spec.memory ?? template?.spec.memory ?? 256 * 1024 ** 2;
  const suits = (host: Host): string | undefined => {
    if (!host.features["vm.create"]?.supported) return "it cannot create VMs";
    if (template && isContainerHost(host) && !template.containerSpec) return `the template ${template.name} is not one for containers`;
    return freeMemory(estate, host) < memory ? `it has ${formatBytes(freeMemory(estate, host))} of free memory` : undefined;
  };
  const { host, reason } =
    request.host === undefined
      ? chooseHost(estate, suits, input.access)
      : { host: answering(estate, estate.find("host", request.host).id), reason: "the host was asked for" };
  needFeature(host, "vm.create");
  const wish = merged(template, host, request.spec);
  const uuid = makeUuid(input.random(16));
  const spec = vmSpecOf(wish);
  nameFree(estate, host, spec.name);
  checkMemory(input, work, host, spec, request.start);

  const reasons = [reason];
  const after = new Set<number>();
  const stores = new Map<string | undefined, ChosenDatastore>();
  const storeFor = (name: string | undefined): ChosenDatastore => {
    let store = stores.get(name);
    if (!store) {
      stores.set(name, (store = chooseDatastore(input, work, host, name)));
      reasons.push(store.reason);
    }
    return store;
  };
  const chosen: VmSpec = {
    ...spec,
    acceleration: acceleration(host, spec, reasons),
    nics: nicsOf(input, work, host, wish.nics === undefined ? undefined : spec.nics, after, reasons),
  };
  chosen.disks = disksOf(input, work, host, uuid, spec, storeFor, after, reasons);
  placeImages(input, work, host, uuid, template, chosen, storeFor, after, reasons);
  const created = work.step({
    hostId: host.id,
    target: { kind: "vm", name: spec.name },
    action: { verb: "vm.create", vm: uuid, spec: chosen },
    ...(request.folder === undefined ? {} : { place: { folder: request.folder, tags: [] } }),
    reasons,
    after: [...after],
  });
  if (request.start) {
    needFeature(host, "vm.start");
    work.step({
      hostId: host.id,
      target: { kind: "vm", name: spec.name },
      action: { verb: "vm.start", vm: uuid, paused: false },
      reasons: ["it was asked to be running"],
      after: [created],
    });
  }
  work.expect.push(
    `${spec.name} is ${request.start ? "running" : "off"} on ${host.name} with ${formatBytes(spec.memory)} and ${spec.vcpus} vCPU${spec.vcpus === 1 ? "" : "s"}`,
  );
  return work.done(`create ${spec.name}`, input.reason);
}

const isContainerHost = (host: Host): boolean => host.facts?.acceleration.usable === "container";

function templateOf(input: PlanInput, name: string): PlanTemplate {
  const found = input.templates.get(name);
  if (found) return found;
  if (input.recipes.includes(name)) return blocked("preCheckFailed", `the template ${name} is not built yet`, `Build it: polyvisor template build ${name}`);
  return blocked("notFound", `there is no template "${name}"; known are ${input.recipes.join(", ") || "none"}`);
}

/** What the operator says counts, then the template. */
function merged(template: PlanTemplate | undefined, host: Host, wish: CreateRequest["spec"]): VmSpecInput {
  if (!template) return wish;
  const base = isContainerHost(host)
    ? (template.containerSpec ??
      blocked(
        "notSupported",
        `the template ${template.name} cannot be a container on ${host.name}: a container's root is a folder there, and the hypervisor's API brings only single files to a host`,
      ))
    : template.spec;
  const said = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
  return { ...base, ...said } as VmSpecInput;
}

function vmSpecOf(wish: VmSpecInput): VmSpec {
  const read = vmSpecSchema.safeParse(wish);
  if (read.success) return read.data;
  const issue = read.error.issues[0]!;
  throw new PolyvisorError("badRequest", { detail: issue.message, where: `/request/spec/${issue.path.join("/")}` });
}

function checkMemory(input: PlanInput, work: WorkBuilder, host: Host, spec: VmSpec, start: boolean): void {
  const total = host.facts?.memory ?? 0;
  const free = freeMemory(input.estate, host);
  if (spec.maxMemory !== undefined && spec.maxMemory < spec.memory)
    blocked("badRequest", `the maximum of memory (${formatBytes(spec.maxMemory)}) is less than the memory (${formatBytes(spec.memory)})`);
  if (spec.maxVcpus !== undefined && spec.maxVcpus < spec.vcpus) blocked("badRequest", `at most ${spec.maxVcpus} vCPUs is less than ${spec.vcpus}`);
  if (total > 0 && spec.memory > total)
    blocked("notEnoughMemory", `${host.name} has ${formatBytes(total)} of memory in all; ${spec.name} asks for ${formatBytes(spec.memory)}`);
  if (start && total > 0 && spec.memory > free)
    work.warn(`${host.name} has only ${formatBytes(free)} that is not given to VMs; ${spec.name} takes ${formatBytes(spec.memory)}`);
}

function acceleration(host: Host, spec: VmSpec, reasons: string[]): VmSpec["acceleration"] {
  const { usable, evidence } = host.facts?.acceleration ?? { usable: "none" as const, evidence: "the host does not tell" };
  if (spec.acceleration === "hardware" && usable !== "hardware")
    return blocked("notSupported", `${host.name} has no usable hardware acceleration: ${evidence}`, "Leave the acceleration at auto.");
  if (spec.acceleration !== "auto" || spec.container || (usable !== "hardware" && usable !== "emulated")) return spec.acceleration;
  reasons.push(`acceleration ${usable}: ${evidence}`);
  return usable;
}

function nicsOf(input: PlanInput, work: WorkBuilder, host: Host, wish: NicSpec[] | undefined, after: Set<number>, reasons: string[]): NicSpec[] {
  const networks = networksOf(input.estate, host.id).filter((each) => input.access?.mayUse(each) ?? true);
  const standard =
    networks.find((each) => each.name === "default" && each.active) ??
    networks.find((each) => each.active) ??
    networks.find((each) => each.name === "default") ??
    networks[0];
  const type = host.facts?.hypervisor.type ?? "";
  if (wish === undefined && !standard && !/qemu|kvm/i.test(type)) {
    reasons.push(`no NIC: ${host.name} has no network`);
    return [];
  }
  // A network that is off was switched off, or cannot be on (a guest of another libvirt has its addresses already): nobody asked for it.
  const ownNat = /qemu|kvm/i.test(type) && !standard?.active;
  return (wish ?? [{ kind: ownNat ? "user" : "network" } as NicSpec]).map((nic) => {
    const mac = nic.mac ?? makeMac(input.random(3), type);
    if (nic.kind !== "network") {
      if (wish === undefined)
        reasons.push(`NIC behind the hypervisor's own NAT: ${host.name} has no network${standard ? ` that is active (${standard.name} is off)` : ""}`);
      return { ...nic, mac };
    }
    const network = nic.source === undefined ? standard : networks.find((each) => each.name === nic.source);
    if (!network)
      return blocked(
        "notFound",
        nic.source === undefined
          ? `${host.name} has no network`
          : `${host.name} has no network "${nic.source}"; it has ${networks.map((each) => each.name).join(", ") || "none"}`,
      );
    if (nic.source === undefined) reasons.push(`network ${network.name}: ${network.name === "default" ? "the default one" : "the first that is there"}`);
    if (!network.active) {
      const already = work.steps.find((step) => step.action.verb === "network.start" && step.action.network === network.name);
      after.add(
        already?.n ??
          work.step({
            hostId: host.id,
            target: { kind: "network", id: network.id, name: network.name },
            action: { verb: "network.start", network: network.name },
            reasons: [`the new VM is plugged into ${network.name}, which is not active`],
            after: [],
          }),
      );
    }
    return { ...nic, source: network.name, mac };
  });
}

function disksOf(
  input: PlanInput,
  work: WorkBuilder,
  host: Host,
  uuid: string,
  spec: VmSpec,
  storeFor: (name: string | undefined) => ChosenDatastore,
  after: Set<number>,
  reasons: string[],
): DiskSpec[] {
  const targets = new Set(spec.disks.flatMap((disk) => disk.target ?? []));
  const taken = new Set<string>();
  return spec.disks.map((disk, i) => {
    const where = `disk ${i + 1}`;
    let target = disk.target;
    for (let letter = 0; target === undefined && letter < 26; letter++) {
      const name = prefixes[disk.bus] + String.fromCharCode(97 + letter);
      if (!targets.has(name)) target = name;
    }
    if (target === undefined) return blocked("badRequest", `${where}: no name is left at bus ${disk.bus}`);
    targets.add(target);
    const { size, datastore, volume, ...rest } = disk;
    if (disk.source !== undefined) {
      if (size !== undefined) return blocked("badRequest", `${where}: a size and a source exclude each other`);
      return { ...rest, target };
    }
    if (size === undefined) return disk.device === "cdrom" ? { ...rest, target } : blocked("badRequest", `${where} has neither size nor source`);
    const made = makeVolume(input, work, host, storeFor(datastore), { uuid, vmName: spec.name, target, format: disk.format, size, volume, taken });
    after.add(made.n);
    reasons.push(`${target}: new volume ${made.source} of ${formatBytes(size)}`);
    return { ...rest, target, source: made.source };
  });
}

/** A step that makes a volume for a disk. */
export function makeVolume(
  input: PlanInput,
  work: WorkBuilder,
  host: Host,
  store: ChosenDatastore,
  want: { uuid: string; vmName: string; target: string; format: string; size: number; volume?: string | undefined; taken: Set<string> },
): { n: number; source: string } {
  needFeature(host, "volume.manage");
  const name = want.volume ?? freeVolumeName(store, `${want.vmName}-${want.target}`, `.${want.format === "raw" ? "img" : want.format}`, want.uuid, want.taken);
  if (want.taken.has(name) || store.known?.volumes.some((volume) => volume.name === name))
    blocked("nameTaken", `the datastore ${store.name} has a volume "${name}" already`);
  want.taken.add(name);
  if (store.known?.active && want.size > store.known.available) {
    if (want.format === "raw")
      blocked("noSpace", `the datastore ${store.name} has ${formatBytes(store.known.available)} available; ${name} needs ${formatBytes(want.size)}`);
    work.warn(`${name} can grow to ${formatBytes(want.size)}; the datastore ${store.name} has ${formatBytes(store.known.available)} available`);
  }
  const n = work.step({
    hostId: host.id,
    target: { kind: "datastore", id: store.known?.id, name: store.name },
    action: { verb: "volume.create", datastore: store.name, volume: name, capacity: want.size, format: want.format },
    reasons: [`disk ${want.target} of ${want.vmName}`],
    after: store.after,
  });
  return { n, source: `${store.name}/${name}` };
}
