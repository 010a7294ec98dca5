import { formatBytes, type Datastore, type Host, type Network, type Plan } from "@polyvisor/model";
import type { PlanAccess } from "../access/planAccess.ts";
import { isWithinReach } from "./checks.ts";
import type { PlanEstate, PlanInput } from "./planInput.ts";
import { blocked, type WorkBuilder } from "./workBuilder.ts";

type Reasons = Plan["steps"][number]["reasons"];

/** Bytes that are free for VMs on a host, as far as the estate knows: its memory less what running VMs were given. */
export function freeMemory(estate: PlanEstate, host: Host): number {
  return Math.max(0, (host.facts?.memory ?? 0) - estate.memoryInUse(host.id));
}

/** The connected host with the most free memory that can make VMs. */
export function chooseHost(estate: PlanEstate, fits: (host: Host) => string | undefined, access?: PlanAccess): { host: Host; reason: string } {
  let best: Host | undefined;
  let candidates = 0;
  const refused: string[] = [];
  for (const host of estate.tables.host.byId.values()) {
    if (access && !access.mayUse(host)) continue;
    const why = isWithinReach(host) ? fits(host) : "it is not connected";
    if (why !== undefined) {
      refused.push(`${host.name}: ${why}`);
      continue;
    }
    candidates++;
    const more = best && freeMemory(estate, host) - freeMemory(estate, best);
    if (more === undefined || more > 0 || (more === 0 && host.name < best!.name)) best = host;
  }
  if (!best)
    return blocked(
      "preCheckFailed",
      refused.length === 0
        ? "there is no host"
        : `no host can take it: ${refused.slice(0, 10).join("; ")}${refused.length > 10 ? `; and ${refused.length - 10} more` : ""}`,
      refused.length === 0 ? "Add a host first: polyvisor host add URI" : undefined,
    );
  const free = formatBytes(freeMemory(estate, best));
  return {
    host: best,
    reason:
      candidates === 1
        ? `host ${best.name}: the only one that can take it`
        : `host ${best.name}: with ${free} it has the most free memory of ${candidates} hosts that can take it`,
  };
}

export function datastoresOf(estate: PlanEstate, hostId: string): Datastore[] {
  return [...estate.ofHost("datastore", hostId)].map((id) => estate.get("datastore", id)!).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function networksOf(estate: PlanEstate, hostId: string): Network[] {
  return [...estate.ofHost("network", hostId)].map((id) => estate.get("network", id)!).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A datastore that a plan puts volumes on, and the step that must come before, where it is not ready yet. */
export interface ChosenDatastore {
  name: string;
  path: string | undefined;
  known: Datastore | undefined;
  after: number[];
  reason: string;
}

/** Types on which a volume can be made by name and read as a file or device. */
const makable = new Set(["dir", "fs", "netfs", "logical"]);

/** A place for new volumes on a host: the one that is named, else the active one with the most room, else one that is started or made. */
export function chooseDatastore(input: PlanInput, work: WorkBuilder, host: Host, wish: string | undefined): ChosenDatastore {
  const here = datastoresOf(input.estate, host.id).filter((each) => input.access?.mayUse(each) ?? true);
  const ready = (found: Datastore, reason: string): ChosenDatastore => ({ name: found.name, path: found.path, known: found, after: [], reason });
  if (wish !== undefined) {
    const found =
      here.find((each) => each.name === wish || each.id === wish || each.nativeId === wish) ??
      blocked("notFound", `${host.name} has no datastore "${wish}"; it has ${here.map((each) => each.name).join(", ") || "none"}`);
    return found.active ? ready(found, `datastore ${found.name}: asked for`) : started(work, host, found, [`${found.name} was asked for and is not active`]);
  }
  const active = here.filter((each) => each.active && makable.has(each.type));
  const best = active.reduce<Datastore | undefined>((a, b) => (a && a.available >= b.available ? a : b), undefined);
  if (best)
    return ready(
      best,
      `datastore ${best.name}: ${active.length === 1 ? "the only active one" : `the most room of ${active.length}`}, ${formatBytes(best.available)} available`,
    );
  const asleep = here.find((each) => makable.has(each.type));
  if (asleep) return started(work, host, asleep, [`${host.name} has no active datastore; ${asleep.name} is defined and can be started`]);
  const path = pathFor(input, host);
  const reason = `${host.name} has no datastore, so one is made in the hypervisor's own folder for images`;
  const n = work.step({
    hostId: host.id,
    target: { kind: "datastore", name: "polyvisor" },
    action: { verb: "datastore.create", name: "polyvisor", type: "dir", path, autostart: true },
    reasons: [reason],
    after: [],
  });
  return { name: "polyvisor", path, known: undefined, after: [n], reason };
}

function started(work: WorkBuilder, host: Host, store: Datastore, reasons: Reasons): ChosenDatastore {
  const n = work.step({
    hostId: host.id,
    target: { kind: "datastore", id: store.id, name: store.name },
    action: { verb: "datastore.start", datastore: store.name },
    reasons,
    after: [],
  });
  return { name: store.name, path: store.path, known: store, after: [n], reason: `datastore ${store.name}: started for it` };
}

/** Where libvirt keeps images: of the system, or of the user whose session it is. */
function pathFor(input: PlanInput, host: Host): string {
  const uri = new URL(host.uri);
  if (!uri.pathname.endsWith("/session")) return "/var/lib/libvirt/images/polyvisor";
  if (uri.hostname !== "" || input.home === undefined)
    return blocked(
      "preCheckFailed",
      `${host.name} has no datastore, and the home folder of the session's user there is not known`,
      `Create one: polyvisor datastore create ${host.name} polyvisor PATH`,
    );
  return `${input.home}/.local/share/libvirt/images/polyvisor`;
}

/** A name for a new volume that nothing on the datastore has. */
export function freeVolumeName(store: ChosenDatastore, base: string, ending: string, uuid: string, taken: ReadonlySet<string>): string {
  const used = (name: string): boolean => taken.has(name) || (store.known?.volumes.some((volume) => volume.name === name) ?? false);
  const name = `${base}${ending}`;
  return used(name) ? `${base}-${uuid.slice(0, 8)}${ending}` : name;
}
