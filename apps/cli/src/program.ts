import type { Client } from "@polyvisor/api/client";
import { Argument, Command, CommanderError, Option } from "commander";
import { catalogue } from "./catalogue/index.ts";
import { outputKinds, sharedOptions, type CommandRow, type Context, type OutputKind } from "./command.ts";
import type { Server } from "./connection/locate.ts";
import { exitCodes } from "./exitCode.ts";
import { describeFailure, usageFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { escapeText } from "./output/escape.ts";
import { paintFor } from "./output/paint.ts";
import { version } from "./version.ts";

const nouns: Record<string, string> = {
  vm: "every verb on VMs, said with its noun",
  snapshot: "snapshots of VMs",
  host: "the hosts that are managed",
  datastore: "places for disks",
  volume: "disks in datastores",
  network: "virtual networks",
  template: "what new VMs are made of",
  task: "what was done and is being done",
  token: "API tokens",
  history: "what was, and who changed it",
  "audit-log": "who did what, and who was refused",
  "sign-in": "ways to sign in",
  account: "people and programs that may sign in",
  group: "accounts that are given rights together",
  session: "sign-ins that are open",
  "second-factor": "the authenticator that is asked for a code",
  passkey: "your passkeys",
  "identity-provider": "OpenID providers and directories that vouch for people",
  server: "the server itself",
  media: "CDs in drives",
  disk: "a VM's disks",
  nic: "a VM's NICs",
};

/** Runs a command line; never throws. @returns the exit code */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code: number = exitCodes.ok;
  const program = buildProgram(io, (exit) => (code = exit), rowsFor(argv));
  try {
    await program.parseAsync(argv as string[], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const { lines, exitCode } = describeFailure(error, Boolean(io.env["POLYVISOR_DEBUG"]));
    for (const line of lines) io.stderr.write(`${line}\n`);
    return exitCode;
  }
}

const namesOf = (row: CommandRow): readonly string[] => [row.path, ...(row.aliases ?? [])];
const firstWord = (path: string): string => path.split(" ", 1)[0]!;

/**
 * The rows that a command line can mean: setting up all of them takes longer than most commands do. Whatever is
 * not a plain call of a command (help, a word that is unknown) gets them all.
 */
export function rowsFor(argv: readonly string[]): readonly CommandRow[] {
  const [first = "", second = ""] = argv;
  const rows =
    first === "vm"
      ? catalogue.filter((row) => row.ofVm && namesOf(row).includes(second))
      : catalogue.filter((row) => namesOf(row).some((name) => firstWord(name) === first));
  return rows.length > 0 ? rows : catalogue;
}

/** The program with every command of the catalogue; a command's code is loaded when it runs. */
export function buildProgram(io: Io, ended: (exitCode: number) => void, rows: readonly CommandRow[] = catalogue): Command {
  const program = new Command("polyvisor");
  program
    .description("One console for every hypervisor: the verbs of xl and virsh over all hosts.")
    .version(version, "-V, --version", "print the version of this program")
    .exitOverride()
    .showHelpAfterError("Say polyvisor COMMAND --help for how it is used.")
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(escapeText(text.trimEnd()).replaceAll("\\x0a", "\n") + "\n"),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    })
    .addHelpText(
      "after",
      "\nOf the launcher: ./polyvisor up, down, status, test, check, storm, package, backup-store, restore-store.\nNames and selectors: polyvisor list tag=web state=running,paused name=web-*\nEnvironment: POLYVISOR_URL and POLYVISOR_TOKEN name another server; NO_COLOR. Exit codes: 0 done, 1 failed,\n2 usage, 3 not found, 4 not allowed, 5 no server, 6 refused, 130 interrupted.",
    );
  const groups = new Map<string, Command>();
  const group = (name: string): Command => {
    let found = groups.get(name);
    if (!found) {
      found = program
        .command(name)
        .description(nouns[name] ?? "")
        .exitOverride()
        .helpGroup("Nouns (polyvisor NOUN --help lists their verbs):");
      groups.set(name, found);
    }
    return found;
  };
  for (const row of rows) {
    add(program, group, row.path, row, io, ended, false);
    for (const alias of row.aliases ?? []) add(program, group, alias, row, io, ended, true);
    if (row.ofVm) {
      add(program, group, `vm ${row.path}`, row, io, ended, false);
      for (const alias of row.aliases ?? []) add(program, group, `vm ${alias}`, row, io, ended, true);
    }
  }
  return program;
}

function add(
  program: Command,
  group: (name: string) => Command,
  path: string,
  row: CommandRow,
  io: Io,
  ended: (exitCode: number) => void,
  hidden: boolean,
): void {
  const words = path.split(" ");
  const name = words.pop()!;
  const parent = words.length === 0 ? program : words.length === 1 ? group(words[0]!) : undefined;
  if (!parent) return; // `vm snapshot create` would be a third level: snapshot is a noun of its own
  const command = parent
    .command(name, { hidden, isDefault: row.byDefault === true && !hidden })
    .summary(row.summary)
    .exitOverride();
  if (!words.length) command.helpGroup(row.ofVm ? "Verbs on VMs:" : "Everything else:");
  command.description([`${row.summary[0]!.toUpperCase()}${row.summary.slice(1)}.`, ...(row.details ? [row.details] : [])].join("\n"));
  if (row.examples) command.addHelpText("after", `\nExamples:\n${row.examples.map((each) => `  polyvisor ${each}`).join("\n")}`);
  for (const operand of row.operands?.match(/\S+/g) ?? []) command.addArgument(new Argument(operand));
  for (const [flags, meaning] of optionsOf(row)) {
    const option = new Option(flags, meaning);
    if (row.repeated?.includes(option.attributeName())) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    command.addOption(option);
  }
  if (row.dashOperands) command.allowUnknownOption();
  command.action(async () => {
    const work = await row.load();
    ended((await work(contextOf(command, io, row))) ?? exitCodes.ok);
  });
}

/** A command's own options and the shared ones it takes. */
export const optionsOf = (row: CommandRow): NonNullable<CommandRow["options"]> => [
  ...(row.options ?? []),
  ...(row.takes ?? []).flatMap((each) => sharedOptions[each] as NonNullable<CommandRow["options"]>),
];

function contextOf(command: Command, io: Io, row: CommandRow): Context {
  const options = command.opts<Record<string, unknown>>();
  const output = (options["output"] ?? "table") as OutputKind;
  if (!outputKinds.includes(output)) throw usageFailure(`-o takes ${outputKinds.join(", ")}, not ${output}.`);
  const words = row.dashOperands ? command.args : command.processedArgs.flat().filter((word): word is string => typeof word === "string");
  return {
    io,
    words,
    options,
    output,
    paint: paintFor(io.stdout, io.env),
    ...connection(io),
    say: (line) => void io.stdout.write(`${line}\n`),
    note: (line) => void io.stderr.write(`${line}\n`),
  };
}

function connection(io: Io): Pick<Context, "client" | "server"> {
  let server: Promise<Server> | undefined;
  let client: Promise<Client> | undefined;
  const locate = (): Promise<Server> => (server ??= import("./connection/locate.ts").then(({ locateServer }) => locateServer(io.env)));
  return {
    server: locate,
    client: () => (client ??= Promise.all([import("./connection/connect.ts"), locate()]).then(([{ connect }, found]) => connect(found))),
  };
}
