import type { Event, Host, Plan, Task, Vm } from "@polyvisor/model";

const at = "2026-03-01T10:00:00.000Z";

/** A host that is connected, where `changes` do not say otherwise. */
export const aHost = (changes: Partial<Host> = {}): Host => ({
  kind: "host",
  id: "h-000000000001",
  revision: 1,
  name: "h1",
  uri: "qemu:///system",
  tags: [],
  connection: { state: "connected", since: at, lastSeen: at },
  features: {},
  ...changes,
});

/** A VM that is running. */
export const aVm = (changes: Partial<Vm> = {}): Vm => ({
  kind: "vm",
  id: "vm-000000000001",
  hostId: "h-000000000001",
  revision: 1,
  nativeId: "0f0e0d0c-0b0a-4908-8706-050403020100",
  name: "web1",
  state: "running",
  reason: "booted",
  stateSince: at,
  persistent: true,
  autostart: false,
  virtType: "qemu",
  acceleration: "emulated",
  arch: "x86_64",
  firmware: "bios",
  vcpus: { current: 2, max: 2 },
  memory: { current: 512 * 1024 ** 2, max: 512 * 1024 ** 2 },
  disks: [],
  nics: [],
  consoles: [],
  snapshots: [],
  pending: [],
  tags: [],
  notes: "",
  ...changes,
});

/** A plan that starts VMs of these names. */
export const aPlan = (names: string[] = ["web1"]): Plan => ({
  title: `Start ${names.join(", ")}`,
  reason: "",
  expect: names.map((name) => `${name} runs`),
  warnings: [],
  steps: names.map((name, i) => ({
    n: i + 1,
    hostId: "h-000000000001",
    target: { kind: "vm", id: `vm-00000000000${i + 1}`, name },
    action: { verb: "vm.start", vm: name, paused: false },
    reasons: ["it is off"],
    after: [],
  })),
});

/** A task over that plan, ended well. */
export function aTask(changes: Partial<Task> = {}, names?: string[]): Task {
  const plan = aPlan(names);
  return {
    kind: "task",
    id: "t-000000000001",
    revision: 1,
    title: plan.title,
    state: "succeeded",
    progress: 1,
    by: "admin",
    reason: "",
    createdAt: at,
    startedAt: at,
    endedAt: at,
    cancelRequested: false,
    plan,
    steps: plan.steps.map(({ n }) => ({ n, state: "succeeded", progress: 1, message: "started" })),
    ...changes,
  };
}

/** An event of the stream. */
export const anEvent = (changes: Partial<Event>): Event => ({ id: "1", at, type: "changed", kind: "vm", objectId: "vm-000000000001", fields: [], ...changes });
