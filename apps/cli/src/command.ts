import type { Client } from "@polyvisor/api/client";
import type { Server } from "./connection/locate.ts";
import type { Io } from "./io.ts";
import type { Paint } from "./output/paint.ts";

export const outputKinds = ["table", "wide", "json", "yaml", "name"] as const;
export type OutputKind = (typeof outputKinds)[number];

/** What a command is run with. */
export interface Context {
  io: Io;
  /** Operands in order; those of a variadic operand follow each other. */
  words: string[];
  options: Record<string, unknown>;
  output: OutputKind;
  paint: Paint;
  /** Connects at first use. */
  client(): Promise<Client>;
  server(): Promise<Server>;
  /** One line to standard output. */
  say(line: string): void;
  /** One line to standard error: what is not the result. */
  note(line: string): void;
}

/** A command's work; the number is the exit code, nothing means 0. */
export type Run = (context: Context) => Promise<number | void>;

/** What an operand or option stands for, so that the shell can complete it. */
export type Completes = "vm" | "host" | "vmOrHost" | "datastore" | "network" | "template" | "task" | "selector" | "file" | "none";

/** One command as data: the program, the completion and the guide are made of these rows. */
export interface CommandRow {
  /** `list`, `snapshot create`. */
  path: string;
  /** Other paths by which users of xl and virsh know it. */
  aliases?: readonly string[];
  /** As in its usage line: `<vm...>`, `<vm> [file]`. */
  operands?: string;
  /** What each operand is; the last stands for all that follow. */
  completes?: readonly Completes[];
  summary: string;
  details?: string;
  /** Flags as in the usage, and meaning. */
  options?: readonly (readonly [flags: string, meaning: string, completes?: Completes | readonly string[]])[];
  /** Options that may be given several times. */
  repeated?: readonly string[];
  /** `change`: makes a plan of it and runs a task (--dry-run, --no-wait, --yes, --reason). `output`: has `-o`. */
  takes?: readonly ("change" | "output")[];
  /** A verb on VMs: also reached as `vm VERB`. */
  ofVm?: boolean;
  /** Its last word may be left out: `history web1` is `history show web1`. */
  byDefault?: boolean;
  /** Words beginning with `-` are operands (`tag VM -old`). */
  dashOperands?: boolean;
  examples?: readonly string[];
  load: () => Promise<Run>;
}

/** Options that many commands share. */
export const sharedOptions = {
  output: [["-o, --output <kind>", "table, wide, json, yaml or name", outputKinds]],
  change: [
    ["--dry-run", "show the plan, its reasons and warnings; change nothing"],
    ["--wait", "wait until it is done (this is what happens by default)"],
    ["--no-wait", "print the task's id and end at once"],
    ["-y, --yes", "do not ask"],
    ["--reason <text>", "why, for the history"],
  ],
} as const satisfies Record<string, CommandRow["options"]>;
