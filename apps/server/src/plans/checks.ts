import { allowed, features, type FeatureName, type Host, type LifecycleAction, PolyvisorError, type Vm } from "@polyvisor/model";
import { targetFilter } from "../estate/filterOf.ts";
import type { PlanEstate } from "./planInput.ts";
import { blocked } from "./workBuilder.ts";

/** Objects that one request may name. */
const most = 10_000;

/** VMs that a request names, by reference or by filter. */
export function targetsOf(estate: PlanEstate, request: { vms?: string[] | undefined; select?: string | undefined }): Vm[] {
  if ((request.vms === undefined) === (request.select === undefined))
    throw new PolyvisorError("badRequest", { detail: "say which VMs: either `vms` or `select`", where: "/request" });
  if (request.vms) return [...new Map(request.vms.map((ref) => estate.find("vm", ref)).map((vm) => [vm.id, vm])).values()];
  const found = estate.select("vm", targetFilter(request.select!, "vm", "/request/select"), most);
  if (found.length === 0) blocked("notFound", `no VM fits "${request.select!.slice(0, 200)}"`);
  if (found.length > most) blocked("tooLarge", `more than ${most} VMs fit the filter, which is the limit`, "Choose fewer, for example host by host.");
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
}

/** A host answers, or is being connected to and nothing speaks against that yet, as for a moment when it goes from one server to another: its steps wait. */
export const isWithinReach = ({ connection: { state, failure, lastSeen } }: Host): boolean =>
  state === "connected" || (state === "connecting" && failure === undefined && lastSeen !== undefined);

/** The host, if it is within reach. */
export function answering(estate: PlanEstate, hostId: string): Host {
  const host = estate.get("host", hostId);
  if (!host) return blocked("notFound", `the host ${hostId} is not there any more`);
  if (isWithinReach(host)) return host;
  const { state, failure, lastSeen } = host.connection;
  if (state === "disabled") return blocked("hostUnreachable", `the host ${host.name} is disabled`, `Enable it: polyvisor host enable ${host.name}`);
  return blocked(
    "hostUnreachable",
    `the host ${host.name} is not connected${lastSeen ? `; it was last seen at ${lastSeen}` : ""}${failure ? `: ${failure.detail}` : ""}`,
    failure?.remedy,
  );
}

/** Throws `notSupported` with the endpoint's own reason. */
export function needFeature(host: Host, name: FeatureName): void {
  const feature = host.features[name];
  if (feature?.supported) return;
  blocked("notSupported", `${host.name} cannot ${features[name]}: ${feature ? feature.reason : "its adapter does not know how"}`);
}

/** Throws `wrongState` where the state table does not allow it. */
export function needState(estate: PlanEstate, vm: Vm, action: LifecycleAction): void {
  const answer = allowed(vm.state, action);
  if (!answer.ok) blocked("wrongState", `${estate.pathOf(vm)}: ${answer.reason}`);
}
