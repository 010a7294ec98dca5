import type { CommandRow } from "../command.ts";
import { forceOption } from "../forceOption.ts";

const history = (name: "show" | "storage" | "retention" | "diff") => async () => (await import("../commands/history.ts"))[name];
const audit = (name: "list" | "exportLog" | "verify" | "checkpoint" | "archive") => async () => (await import("../commands/auditLog.ts"))[name];
const kinds = ["vm", "host", "datastore", "network"] as const;

/** What was, and who did it. */
export const historyRows: readonly CommandRow[] = [
  {
    path: "history show",
    byDefault: true,
    operands: "<object>",
    completes: ["vmOrHost"],
    takes: ["output"],
    options: [
      ["--kind <kind>", "what it is; a VM or a host is found without", kinds],
      ["--from <time>", "only since then"],
      ["--to <time>", "only before"],
      ["-n, --limit <n>", "how many (50)"],
    ],
    summary: "show every change of an object: what, who, from where; also of one that is gone",
    details: 'The word show may be left out: polyvisor history web1. Times are said as "yesterday 15:00", "2h ago", "2026-11-20 15:00" or ISO 8601.',
    examples: ["history web1", 'history web1 --from "yesterday 15:00"', "history store --kind datastore"],
    load: history("show"),
  },
  { path: "history storage", takes: ["output"], summary: "show what the history takes, how far back it reaches, and how it grows", load: history("storage") },
  {
    path: "history retention",
    takes: ["output"],
    options: [
      forceOption,
      ["--days <n>", "keep changes of every kind so many days"],
      ["--kind <kind>", "only of this kind", [...kinds, "task"]],
      ["--max <size>", "what all of it may take, as 20GiB; 0 is no limit"],
    ],
    summary: "show or set how long the history is kept",
    examples: ["history retention --days 365 --kind vm", "history retention --max 20GiB"],
    load: history("retention"),
  },
  {
    path: "diff",
    operands: "[selector...]",
    completes: ["selector"],
    takes: ["output"],
    options: [
      ["--from <time>", "the earlier time (needed)"],
      ["--to <time>", "the later one; now when left out"],
      ["--kind <kind>", "only this kind; vm where words select", kinds],
    ],
    summary: "show what differs between two times: created, changed with each field, deleted",
    examples: ['diff --from "yesterday 18:00" --to "today 08:00"', 'diff --from "1h ago" tag=web'],
    load: history("diff"),
  },
  {
    path: "audit-log list",
    aliases: ["audit-log ls"],
    takes: ["output"],
    options: [
      ["--by <account>", "only what this account did"],
      ["--action <action>", "only this: taskCreate, sessionCreate, server.start, …"],
      ["--outcome <outcome>", "only those", ["done", "refused", "failed"]],
      ["--object <id>", "only about this object, by its id"],
      ["--from <time>", "only since then"],
      ["--to <time>", "only before"],
      ["-n, --limit <n>", "how many (50)"],
    ],
    summary: "list who did what and who was refused, latest first",
    load: audit("list"),
  },
  {
    path: "audit-log export",
    operands: "<file>",
    completes: ["file"],
    options: [["-f, --force", "write over a file that is there"]],
    summary: "write the whole audit log with its checkpoints to a file (- is standard output)",
    load: audit("exportLog"),
  },
  {
    path: "audit-log verify",
    operands: "[file]",
    completes: ["file"],
    takes: ["output"],
    options: [
      ["--checkpoint <file>", "a checkpoint that was kept: what it saw must still be there; may be repeated", "file"],
      ["--key <key>", "trust only signatures by this public key; may be repeated"],
    ],
    repeated: ["checkpoint", "key"],
    summary: "check that nothing in the audit log was changed, removed, reordered or cut off",
    details: "Without a file that of the server is fetched and checked here. Exit code 1: it is not as it was written.",
    examples: ["audit-log verify", "audit-log verify log.jsonl --checkpoint kept.json"],
    load: audit("verify"),
  },
  {
    path: "audit-log checkpoint",
    operands: "[file]",
    completes: ["file"],
    summary: "sign where the audit log stands now and write it to a file, to be kept away from the server",
    load: audit("checkpoint"),
  },
  {
    path: "audit-log archive",
    operands: "<file>",
    completes: ["file"],
    options: [
      ["--before <time>", "drop what is older (needed)"],
      ["-y, --yes", "do not ask"],
    ],
    summary: "drop the beginning of the audit log that an exported file has; asks first",
    details: "The file is checked first. A signed checkpoint stays as the root of the rest; keep the file, it is the only copy then.",
    load: audit("archive"),
  },
];
