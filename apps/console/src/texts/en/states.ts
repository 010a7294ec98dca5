import { stateReasons, stateTable } from "@polyvisor/model/tables";

type State = keyof typeof stateTable;
/** English is what the state table itself says. */
const row = <N extends string>(state: State, name: N) => ({
  name,
  means: stateTable[state].means,
  doesNotMean: stateTable[state].doesNotMean,
  next: stateTable[state].next,
});

export const states = {
  running: row("running", "running"),
  blocked: row("blocked", "blocked (idle or waiting)"),
  paused: row("paused", "paused"),
  suspended: row("suspended", "suspended"),
  shuttingDown: row("shuttingDown", "shutting down"),
  crashed: row("crashed", "crashed"),
  saved: row("saved", "saved"),
  off: row("off", "off"),
  unknown: row("unknown", "unknown"),
  why: "Why: {{reason}}.",
  reasons: stateReasons as Readonly<Record<ReasonName, string>>,
  connection: { connecting: "connecting", connected: "connected", lost: "lost", disabled: "disabled" },
  active: "active",
  inactive: "inactive",
  task: { queued: "waits", running: "runs", succeeded: "done", failed: "failed", partial: "done in part", cancelled: "cancelled" },
  step: {
    waiting: "waits",
    running: "runs",
    succeeded: "done",
    failed: "failed",
    skipped: "left out",
    cancelled: "cancelled",
    interrupted: "interrupted, outcome unknown",
  },
} as const;

type ReasonName =
  | "unknown"
  | "booted"
  | "migrated"
  | "restored"
  | "fromSnapshot"
  | "unpaused"
  | "migrationCanceled"
  | "saveCanceled"
  | "wakeup"
  | "crashed"
  | "postcopy"
  | "postcopyFailed"
  | "user"
  | "migration"
  | "save"
  | "dump"
  | "ioerror"
  | "watchdog"
  | "shuttingDown"
  | "snapshot"
  | "startingUp"
  | "shutdown"
  | "destroyed"
  | "saved"
  | "failed"
  | "daemon"
  | "panicked";
