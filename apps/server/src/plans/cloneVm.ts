import type { Request } from "@polyvisor/api";
import { formatBytes } from "@polyvisor/model";
import { answering, needFeature, needState } from "./checks.ts";
import { datastoresOf, freeVolumeName } from "./placement.ts";
import { makeUuid, type PlanInput } from "./planInput.ts";
import { nameFree } from "./simpleVm.ts";
import { volumeBehind } from "./volumeUsers.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

/** A target as part of a volume's name: a container's file systems are called by the place where they are mounted. */
const volumeWord = (target: string): string => target.split("/").filter(Boolean).join("-") || "root";

/** A copy of a VM with copies of its disks beside them. */
export function planCloneVm(input: PlanInput & { request: Extract<Request, { do: "vm.clone" }> }): Work {
  const { request, estate } = input;
  const vm = estate.find("vm", request.vm);
  const host = answering(estate, vm.hostId);
  needFeature(host, "vm.clone");
  needState(estate, vm, "clone");
  nameFree(estate, host, request.name);
  const uuid = makeUuid(input.random(16));
  const stores = datastoresOf(estate, host.id);
  const taken = new Set<string>();
  const reasons: string[] = [];
  const needed = new Map<string, number>();
  const disks = vm.disks.flatMap((disk) => {
    if (disk.device !== "disk" || disk.source === undefined || disk.readOnly) return [];
    const found =
      volumeBehind(stores, disk.source) ??
      blocked("notSupported", `disk ${disk.target} of ${vm.name} (${disk.source}) is on no known datastore, so it cannot be copied`);
    const dot = found.volume.name.lastIndexOf(".");
    const store = { name: found.store.name, path: found.store.path, known: found.store, after: [], reason: "" };
    const volume = freeVolumeName(store, `${request.name}-${volumeWord(disk.target)}`, dot > 0 ? found.volume.name.slice(dot) : "", uuid, taken);
    taken.add(volume);
    needed.set(found.store.id, (needed.get(found.store.id) ?? 0) + found.volume.allocation);
    reasons.push(`${disk.target}: ${found.volume.name} is copied to ${volume} on ${found.store.name}, where it is`);
    return [{ target: disk.target, datastore: found.store.name, volume }];
  });
  for (const [id, bytes] of needed) {
    const store = estate.get("datastore", id)!;
    if (bytes > store.available)
      blocked("noSpace", `the copies need ${formatBytes(bytes)}; the datastore ${store.name} has ${formatBytes(store.available)} available`);
  }
  const work = new WorkBuilder();
  const cloned = work.step({
    hostId: host.id,
    target: { kind: "vm", id: vm.id, name: vm.name },
    action: { verb: "vm.clone", vm: vm.nativeId, to: uuid, name: request.name, disks },
    // Whoever has the one by its folder or tags has its copy.
    place: { folder: request.folder ?? vm.folder, tags: vm.tags },
    reasons,
    after: [],
  });
  if (request.start)
    work.step({
      hostId: host.id,
      target: { kind: "vm", name: request.name },
      action: { verb: "vm.start", vm: uuid, paused: false },
      reasons: ["it was asked to be running"],
      after: [cloned],
    });
  work.expect.push(`${request.name} is a copy of ${vm.name} on ${host.name} with disks and addresses of its own`);
  return work.done(`clone ${vm.name} as ${request.name}`, input.reason);
}
