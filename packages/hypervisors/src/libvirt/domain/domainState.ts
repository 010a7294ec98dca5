import type { VmState } from "@polyvisor/model";

// Rows by virDomainState, columns by virDomain*Reason; words are keys of the model's stateReasons.
const states: readonly { state: VmState; reasons: readonly string[] }[] = [
  { state: "unknown", reasons: ["unknown"] },
  {
    state: "running",
    reasons: [
      "unknown",
      "booted",
      "migrated",
      "restored",
      "fromSnapshot",
      "unpaused",
      "migrationCanceled",
      "saveCanceled",
      "wakeup",
      "crashed",
      "postcopy",
      "postcopyFailed",
    ],
  },
  { state: "blocked", reasons: ["unknown"] },
  {
    state: "paused",
    reasons: [
      "unknown",
      "user",
      "migration",
      "save",
      "dump",
      "ioerror",
      "watchdog",
      "fromSnapshot",
      "shuttingDown",
      "snapshot",
      "crashed",
      "startingUp",
      "postcopy",
      "postcopyFailed",
    ],
  },
  { state: "shuttingDown", reasons: ["unknown", "user"] },
  { state: "off", reasons: ["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "fromSnapshot", "daemon"] },
  { state: "crashed", reasons: ["unknown", "panicked"] },
  { state: "suspended", reasons: ["unknown"] },
];

/** State and reason of libvirt as the model's. A powered-off domain with a managed save image is `saved`. */
export function vmState(state: number, reason: number, managedSave: boolean): { state: VmState; reason: string } {
  const row = states[state];
  if (!row) return { state: "unknown", reason: "unknown" };
  const word = row.reasons[reason] ?? "unknown";
  if (row.state === "off" && managedSave) return { state: "saved", reason: "saved" };
  if (row.state === "off" && word === "crashed") return { state: "crashed", reason: "crashed" };
  return { state: row.state, reason: word };
}

/** Whether libvirt counts such a state as active: everything but shut off and the unknown. */
export function isActive(state: number): boolean {
  return state !== 0 && state !== 5;
}

// virDomainEventType and its details, in words an operator reads in the history.
const events: Record<number, { words: string; details: readonly string[] }> = {
  0: { words: "defined", details: ["added", "updated", "renamed", "from a snapshot"] },
  1: { words: "undefined", details: ["removed", "renamed"] },
  2: { words: "started", details: ["booted", "migrated here", "restored", "from a snapshot", "woken"] },
  3: {
    words: "paused",
    details: [
      "by a user",
      "for a migration",
      "by a disk's I/O error",
      "by the watchdog",
      "restored paused",
      "from a snapshot",
      "after a failed call",
      "for post-copy",
      "post-copy failed",
    ],
  },
  4: { words: "resumed", details: ["unpaused", "migrated", "from a snapshot", "for post-copy", "post-copy failed"] },
  5: { words: "stopped", details: ["shut down", "destroyed", "crashed", "migrated away", "saved", "failed", "from a snapshot"] },
  6: { words: "shutting down", details: ["finished", "asked by the guest", "asked by the host"] },
  7: { words: "suspended by the guest", details: ["to memory", "to disk"] },
  8: { words: "crashed", details: ["kernel panic", "crash kernel loaded"] },
};

/** What a lifecycle event says: `started: booted`. */
export function lifecycleCause(event: number, detail: number): string {
  const row = events[event];
  if (!row) return "changed";
  const more = row.details[detail];
  return more ? `${row.words}: ${more}` : row.words;
}
