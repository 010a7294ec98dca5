import type { Request } from "@polyvisor/api";
import { formatBytes, verbs, type Action, type Datastore, type Host } from "@polyvisor/model";
import { answering, needFeature } from "./checks.ts";
import { datastoresOf } from "./placement.ts";
import type { PlanInput } from "./planInput.ts";
import { usersOf } from "./volumeUsers.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

type StorageRequest = Extract<Request, { do: `datastore.${string}` | `volume.${string}` | `network.${string}` }>;
type Step = { target: { kind: "datastore" | "network"; id?: string; name: string }; action: Action; reasons: string[]; expect: string };

/** Datastores, volumes and networks: one step each, with what would make it fail looked at first. */
export function planStorage(input: PlanInput & { request: StorageRequest }): Work {
  const { request, estate } = input;
  const object =
    "datastore" in request ? estate.find("datastore", request.datastore) : "network" in request ? estate.find("network", request.network) : undefined;
  const host = answering(estate, object?.hostId ?? estate.find("host", (request as { host: string }).host).id);
  const work = new WorkBuilder();
  const { expect, ...step } = stepOf(input, work, host, request, object);
  needFeature(host, verbs[step.action.verb].feature);
  work.step({ hostId: host.id, ...step, after: [] });
  work.expect.push(expect);
  const what = "volume" in request ? `${object!.name}/${request.volume}` : step.target.name;
  return work.done(`${verbs[step.action.verb].words}: ${what}`, input.reason);
}

function stepOf(
  input: PlanInput,
  work: WorkBuilder,
  host: Host,
  request: StorageRequest,
  object: { id: string; name: string; active: boolean } | undefined,
): Step {
  const { estate } = input;
  if (request.do === "datastore.create") {
    const here = datastoresOf(estate, host.id);
    if (here.some((each) => each.name === request.name)) blocked("nameTaken", `${host.name} has a datastore "${request.name}" already`);
    const other = here.find((each) => each.path === request.path);
    if (other) blocked("conflict", `${request.path} on ${host.name} is the datastore ${other.name} already`);
    return {
      target: { kind: "datastore", name: request.name },
      action: { verb: "datastore.create", name: request.name, type: request.type, path: request.path, autostart: true },
      reasons: [],
      expect: `${host.name} has the datastore ${request.name} at ${request.path}`,
    };
  }
  if ("network" in request) {
    const target = { kind: "network" as const, id: object!.id, name: object!.name };
    const stop = request.do === "network.stop";
    if (object!.active !== stop) blocked("conflict", `the network ${object!.name} is ${stop ? "not active" : "active already"}`);
    if (stop) warnOfGuests(input, work, host, object!.name);
    return { target, action: { verb: request.do, network: object!.name }, reasons: [], expect: `the network ${object!.name} is ${stop ? "not " : ""}active` };
  }
  const store = object as Datastore;
  const target = { kind: "datastore" as const, id: store.id, name: store.name };
  if (!("volume" in request)) return datastoreStep(input, store, request.do, target);
  if (!store.active) blocked("conflict", `the datastore ${store.name} is not active`, `Start it: polyvisor datastore start ${estate.pathOf(store)}`);
  const volume = store.volumes.find((each) => each.name === request.volume);
  const where = { datastore: store.name, volume: request.volume };
  if (request.do === "volume.create") {
    if (volume) blocked("nameTaken", `the datastore ${store.name} has a volume "${request.volume}" already`);
    const from =
      request.from === undefined
        ? undefined
        : (store.volumes.find((each) => each.name === request.from) ??
          blocked("notFound", `the datastore ${store.name} has no volume "${request.from}" to copy`));
    const needs = Math.max(from?.allocation ?? 0, request.format === "raw" ? request.capacity : 0);
    if (needs > store.available)
      blocked("noSpace", `${request.volume} needs ${formatBytes(needs)}; the datastore ${store.name} has ${formatBytes(store.available)} available`);
    return {
      target,
      action: {
        verb: "volume.create",
        ...where,
        capacity: request.capacity,
        format: request.format,
        ...(request.from === undefined ? {} : { from: request.from }),
      },
      reasons: [`${formatBytes(store.available)} available`],
      expect: `${store.name} has the volume ${request.volume} of ${formatBytes(request.capacity)}`,
    };
  }
  if (!volume) blocked("notFound", `the datastore ${store.name} has no volume "${request.volume}"`);
  const users = usersOf(estate, { store, volume: volume! });
  if (request.do === "volume.delete") {
    if (users.length > 0)
      blocked(
        "inUse",
        `${request.volume} is a disk of ${users
          .map((vm) => vm.name)
          .slice(0, 5)
          .join(", ")}`,
        "Detach it, or delete the VM with its disks.",
      );
    work.warn(`the data of ${volume!.path} on ${host.name} is gone for good`);
    return {
      target,
      action: { verb: "volume.delete", ...where },
      reasons: ["no VM has it as a disk"],
      expect: `${store.name} does not have ${request.volume} any more`,
    };
  }
  if (request.capacity < volume!.capacity)
    blocked("badRequest", `${request.volume} has ${formatBytes(volume!.capacity)}; making it smaller would cut its data off`);
  return {
    target,
    action: { verb: "volume.resize", ...where, capacity: request.capacity },
    reasons: [`it has ${formatBytes(volume!.capacity)} now`],
    expect: `${request.volume} has ${formatBytes(request.capacity)}`,
  };
}

function datastoreStep(
  input: PlanInput,
  store: Datastore,
  verb: "datastore.start" | "datastore.stop" | "datastore.delete" | "datastore.refresh",
  target: Step["target"],
): Step {
  const action = { verb, datastore: store.name };
  if (verb === "datastore.start") {
    if (store.active) blocked("conflict", `the datastore ${store.name} is active already`);
    return { target, action, reasons: [], expect: `the datastore ${store.name} is active` };
  }
  if (verb === "datastore.refresh") {
    if (!store.active) blocked("conflict", `the datastore ${store.name} is not active`);
    return { target, action, reasons: [], expect: `the volumes of ${store.name} are as its files are` };
  }
  const users = store.volumes.flatMap((volume) => usersOf(input.estate, { store, volume })).filter((vm) => vm.hostId === store.hostId);
  if (verb === "datastore.stop") {
    if (!store.active) blocked("conflict", `the datastore ${store.name} is not active`);
    return {
      target,
      action,
      reasons: users.length > 0 ? [`VMs with disks on it: ${[...new Set(users.map((vm) => vm.name))].slice(0, 5).join(", ")}`] : [],
      expect: `the datastore ${store.name} is not active; its files stay`,
    };
  }
  if (store.active) blocked("conflict", `the datastore ${store.name} is active`, "Stop it first.");
  return { target, action, reasons: ["only its definition goes; its files stay"], expect: `${store.name} is not a datastore any more` };
}

function warnOfGuests(input: PlanInput, work: WorkBuilder, host: Host, network: string): void {
  const names = [...input.estate.ofHost("vm", host.id)]
    .map((id) => input.estate.get("vm", id)!)
    .filter((vm) => vm.nics.some((nic) => nic.source === network && nic.hostInterface !== undefined))
    .map((vm) => vm.name);
  if (names.length > 0) work.warn(`${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""} will be without this network`);
}
