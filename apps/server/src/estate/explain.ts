import {
  allowed,
  formatDuration,
  lifecycleActions,
  stateReasons,
  stateTable,
  stateWords,
  type FeatureName,
  type Host,
  type LifecycleAction,
  type Vm,
} from "@polyvisor/model";
import type { VmExplanation } from "../controlPlane.ts";

/** The feature that an action needs beyond the state. */
const featureOf: Record<LifecycleAction, FeatureName> = {
  start: "vm.start",
  shutdown: "vm.shutdown",
  reboot: "vm.reboot",
  reset: "vm.reset",
  pause: "vm.pause",
  unpause: "vm.pause",
  save: "vm.save",
  restore: "vm.save",
  destroy: "vm.destroy",
  delete: "vm.delete",
  rename: "vm.rename",
  snapshot: "vm.snapshot",
  revert: "vm.snapshot",
  clone: "vm.clone",
  migrate: "vm.migrate.offline",
  console: "vm.console.serial",
  screenshot: "vm.screenshot",
  sendKeys: "vm.sendKeys",
  wake: "vm.wake",
};

/**
 * What a VM's state means, in sentences: first whether that is known now or only as last seen, then what it is, since
 * when and why, what it does not mean, and what to do.
 * @param now milliseconds since 1970
 */
export function explainVm(vm: Vm, host: Host | undefined, now: number): VmExplanation {
  const row = stateTable[vm.state];
  const fresh = host?.connection.state === "connected";
  const sentences: string[] = [];
  if (!fresh) sentences.push(...stale(vm, host, now));
  const title = vm.title ? ` (${vm.title})` : "";
  const since = ago(vm.stateSince, now);
  sentences.push(`${vm.name}${title} ${fresh ? "is" : "was"} ${stateWords[vm.state]}${host ? ` on ${host.name}` : ""}. It was first seen so ${since}.`);
  sentences.push(row.means);
  const why = stateReasons[vm.reason];
  sentences.push(why && vm.reason !== "unknown" ? `Why: ${why}.` : "The hypervisor gave no reason.");
  sentences.push(row.doesNotMean);
  if (vm.acceleration === "emulated")
    sentences.push("Its processor is emulated in software, which is correct and 10 to 50 times slower than hardware acceleration.");
  if (vm.pending.length > 0) sentences.push(`Changed for its next start: ${vm.pending.join(", ")}.`);
  if (!vm.persistent) sentences.push("It is transient: its definition is gone as soon as it is off.");
  sentences.push(row.next);
  return { state: vm.state, since: vm.stateSince, fresh, sentences, actions: lifecycleActions.map((action) => possible(vm, host, fresh, action)) };
}

function possible(vm: Vm, host: Host | undefined, fresh: boolean, action: LifecycleAction): VmExplanation["actions"][number] {
  if (!fresh) return { action, allowed: false, reason: `the host ${host?.name ?? vm.hostId} is not connected` };
  const feature = host!.features[action === "migrate" && stateTable[vm.state].active ? "vm.migrate.live" : featureOf[action]];
  if (!feature?.supported) return { action, allowed: false, reason: feature?.reason ?? "the host's adapter does not know how" };
  const answer = allowed(vm.state, action);
  return answer.ok ? { action, allowed: true } : { action, allowed: false, reason: answer.reason };
}

function stale(vm: Vm, host: Host | undefined, now: number): string[] {
  if (!host) return [`The host of ${vm.name} is not known any more; this is how it was last seen.`];
  const { state, lastSeen, failure } = host.connection;
  const when = lastSeen ? `last answered ${ago(lastSeen, now)} (${lastSeen})` : "has not answered yet";
  const words = state === "disabled" ? "is disabled, so nothing is asked of it" : state === "connecting" ? "is being connected" : "does not answer";
  return [
    `This is how it was last seen and may not be so now: the host ${host.name} ${words} and ${when}.`,
    ...(failure ? [`${failure.detail.replace(/\.?$/, ".")} ${failure.remedy}`] : []),
  ];
}

const ago = (iso: string, now: number): string => `${formatDuration((now - Date.parse(iso)) / 1000)} ago`;
