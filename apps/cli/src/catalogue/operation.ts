import type { CommandRow } from "../command.ts";

const levels = ["trace", "debug", "info", "warn", "error", "fatal"];

/** The server itself: its log, and what helps to find a fault. */
export const operationRows: readonly CommandRow[] = [
  {
    path: "server log-level",
    operands: "[level]",
    completes: ["none"],
    takes: ["output"],
    options: [["--room <room>", "only this part of the server: hosts, tasks, store, http, …; the level default gives it back to the server's"]],
    summary: "show the levels of the server's log, or change one until the server restarts",
    details: `Levels: ${levels.join(", ")}.`,
    examples: ["server log-level", "server log-level debug --room hosts", "server log-level default --room hosts"],
    load: async () => (await import("../commands/operation.ts")).logLevel,
  },
  {
    path: "support-bundle",
    operands: "<file>",
    completes: ["file"],
    options: [["-f, --force", "write over a file that is there"]],
    summary: "write what helps to find a fault to a .tar.gz: versions, settings, figures, health, recent log; no secrets",
    examples: ["support-bundle polyvisor-support.tar.gz"],
    load: async () => (await import("../commands/operation.ts")).supportBundle,
  },
];
