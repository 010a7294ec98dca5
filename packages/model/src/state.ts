/** State of a VM; every hypervisor's own states are mapped to these. */
export const vmStates = ["running", "blocked", "paused", "suspended", "shuttingDown", "crashed", "saved", "off", "unknown"] as const;
export type VmState = (typeof vmStates)[number];

/** Lifecycle actions that the state decides about. */
export const lifecycleActions = [
  "start",
  "shutdown",
  "reboot",
  "reset",
  "pause",
  "unpause",
  "save",
  "restore",
  "destroy",
  "delete",
  "rename",
  "snapshot",
  "revert",
  "clone",
  "migrate",
  "console",
  "screenshot",
  "sendKeys",
  "wake",
] as const;
export type LifecycleAction = (typeof lifecycleActions)[number];

/** One row of the state table. */
export interface StateRow {
  /** What the state means, for someone who has never seen it. */
  readonly means: string;
  /** What it does not mean: the misreading that costs nights. */
  readonly doesNotMean: string;
  /** What to do next, if anything. */
  readonly next: string;
  /** The VM holds memory and processor time on its host. */
  readonly active: boolean;
  /** Actions allowed, each with the state that follows when it succeeds. */
  readonly actions: Partial<Record<LifecycleAction, VmState>>;
}

const live = { rename: undefined, snapshot: undefined, console: undefined, screenshot: undefined, sendKeys: undefined, migrate: undefined } as const;

function actions(self: VmState, table: Partial<Record<LifecycleAction, VmState | undefined>>): Partial<Record<LifecycleAction, VmState>> {
  const out: Partial<Record<LifecycleAction, VmState>> = {};
  for (const [action, next] of Object.entries(table)) out[action as LifecycleAction] = next ?? self;
  return out;
}

/** The one state table: server, simulator, CLI and console decide by it and explain by it. */
export const stateTable: Readonly<Record<VmState, StateRow>> = {
  running: {
    means: "The VM is powered on and its virtual processors may run.",
    doesNotMean: "It does not say that the guest's system or its services are healthy.",
    next: "Nothing is needed.",
    active: true,
    actions: actions("running", {
      ...live,
      shutdown: "off",
      reboot: undefined,
      reset: undefined,
      pause: "paused",
      save: "saved",
      destroy: "off",
      clone: undefined,
      revert: undefined,
    }),
  },
  blocked: {
    means: "The VM is powered on and its processors wait for an event: a timer, a disk, the network, or simply nothing to do.",
    doesNotMean: "It is not an error and nothing is stuck: an idle guest is blocked most of the time.",
    next: "Nothing is needed.",
    active: true,
    actions: actions("blocked", {
      ...live,
      shutdown: "off",
      reboot: undefined,
      reset: undefined,
      pause: "paused",
      save: "saved",
      destroy: "off",
      clone: undefined,
      revert: undefined,
    }),
  },
  paused: {
    means: "The VM keeps its memory and devices, but its processors do not run.",
    doesNotMean: "It is not powered off: it still holds its memory, and its clock stands still.",
    next: "Unpause it to go on where it was. If nobody paused it, look at the reason: a full datastore and an I/O error pause a VM too.",
    active: true,
    actions: actions("paused", { ...live, unpause: "running", save: "saved", destroy: "off", reset: undefined, revert: undefined }),
  },
  suspended: {
    means: "The guest put itself to sleep (ACPI S3) and keeps its memory.",
    doesNotMean: "The host did not do it, and it is not a pause.",
    next: "Wake it.",
    active: true,
    actions: actions("suspended", { wake: "running", destroy: "off", console: undefined, reset: "running" }),
  },
  shuttingDown: {
    means: "The guest was asked to power off and is doing so.",
    doesNotMean: "It is not off yet, and a guest can refuse or wait for its services.",
    next: "Wait. If it stays here for minutes, look at its console; destroy cuts the power.",
    active: true,
    actions: actions("shuttingDown", { destroy: "off", console: undefined, screenshot: undefined, sendKeys: undefined, reset: "running" }),
  },
  crashed: {
    means: "The guest's kernel or its virtual machine failed and it no longer runs.",
    doesNotMean: "Its disks are not lost, and the host is not at fault by that alone.",
    next: "Read the reason and the console's last lines, then start it again. If memory is still held, destroy it first.",
    active: false,
    actions: actions("crashed", { start: "running", destroy: "off", delete: "off", rename: undefined, revert: undefined }),
  },
  saved: {
    means: "The VM is off and its memory is kept in a file on the host; the next start resumes it where it was.",
    doesNotMean: "It is not a backup, and its disks must not be changed meanwhile.",
    next: "Start it to resume, or delete the saved image to boot afresh.",
    active: false,
    actions: actions("saved", { start: "running", restore: "running", delete: "off", rename: undefined }),
  },
  off: {
    means: "The VM is defined on its host and powered off; it uses no memory and no processor.",
    doesNotMean: "Nothing says that it was shut down cleanly: see the reason.",
    next: "Start it when it is wanted.",
    active: false,
    actions: actions("off", {
      start: "running",
      delete: "off",
      rename: undefined,
      snapshot: undefined,
      revert: undefined,
      clone: undefined,
      migrate: undefined,
    }),
  },
  unknown: {
    means: "The hypervisor could not say what this VM is doing.",
    doesNotMean: "It does not mean that the VM is down.",
    next: "Look at the host's own log for this VM.",
    active: true,
    actions: actions("unknown", { destroy: "off" }),
  },
};

/**
 * Why a VM is in its state, as the hypervisors report it, with words for a person. Keys are those of
 * libvirt's virDomain*Reason enumerations in plain spelling; other adapters use the same words.
 */
export const stateReasons: Readonly<Record<string, string>> = {
  unknown: "no reason was given",
  booted: "it was started and booted",
  migrated: "it was migrated",
  restored: "it was resumed from a saved state",
  fromSnapshot: "it was reverted to a snapshot",
  unpaused: "someone unpaused it",
  migrationCanceled: "a migration was cancelled and it went on here",
  saveCanceled: "saving it was cancelled and it went on",
  wakeup: "the guest was woken",
  crashed: "the guest crashed",
  postcopy: "it runs while its memory still arrives from the former host",
  postcopyFailed: "its memory could not be fetched from the former host",
  user: "someone asked for it",
  migration: "it is being migrated",
  save: "its memory is being saved",
  dump: "its memory is being dumped",
  ioerror: "a disk reported an I/O error: often the datastore is full or unreachable",
  watchdog: "the guest's watchdog fired",
  shuttingDown: "it is shutting down",
  snapshot: "a snapshot is being taken",
  startingUp: "it is being started",
  shutdown: "the guest powered itself off",
  destroyed: "someone cut its power",
  saved: "its memory was saved to a file",
  failed: "it could not be started or its process failed",
  daemon: "the hypervisor's daemon lost it while it was stopped",
  panicked: "the guest's kernel panicked",
};

/** Whether an action is allowed in a state; when not, a sentence that says why and what would allow it. */
export function allowed(state: VmState, action: LifecycleAction): { ok: true; next: VmState } | { ok: false; reason: string } {
  const next = stateTable[state].actions[action];
  if (next) return { ok: true, next };
  const where = vmStates.filter((s) => stateTable[s].actions[action]);
  return {
    ok: false,
    reason: `${action} is not possible while the VM is ${stateWords[state]}; it is possible when it is ${where.map((s) => stateWords[s]).join(" or ")}`,
  };
}

/** How a state is written for a person. */
export const stateWords: Readonly<Record<VmState, string>> = {
  running: "running",
  blocked: "blocked (waiting for an event, or idle)",
  paused: "paused",
  suspended: "suspended",
  shuttingDown: "shutting down",
  crashed: "crashed",
  saved: "saved",
  off: "off",
  unknown: "unknown",
};
