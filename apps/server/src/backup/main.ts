import { readFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";
import { readConfig } from "../config.ts";
import { makeLog } from "../log.ts";
import { StartError } from "../startError.ts";
import { backupStore } from "./backupStore.ts";
import { restoreStore } from "./restoreStore.ts";

const usage = {
  "backup-store": `usage: polyvisor backup-store FILE [--pass-phrase-file FILE | --without-key] [--force] [--data DIR] [--database URL] [--config FILE]

Writes the server's store (inventory, history, tasks, accounts) to FILE, as it is at one moment; the server may run.
Hosts' credentials in it are sealed with the data folder's secret.key. That key goes into the backup too, sealed by a pass
phrase, which is asked for, or read from --pass-phrase-file. With --without-key it does not: keep it elsewhere then, or
every host must be given its credential again after a restore.
Run it on the server's machine, as root or as the server's account.
`,
  "restore-store": `usage: polyvisor restore-store FILE [--replace] [--pass-phrase-file FILE | --without-key] [--data DIR] [--database URL] [--config FILE]

Brings the store back from FILE into an empty data folder or database; --replace throws away what it holds. Stop the
server first. All is restored or nothing. A backup of an older Polyvisor is brought up to date when the server starts.
Run it on the server's machine, as root or as the server's account.
`,
};

/** Asks on the terminal; what is typed is not shown. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question("");
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}

async function passPhrase(file: string | undefined, twice: boolean): Promise<string> {
  let text: string;
  if (file !== undefined) {
    const content = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new StartError(`${file} cannot be read (${error.code}).`, "Give a file whose first line is the pass phrase.");
    });
    text = content.split(/\r?\n/, 1)[0]!;
  } else {
    if (!process.stdin.isTTY)
      throw new StartError(
        "The key of the hosts' credentials needs a pass phrase, and there is no terminal to ask on.",
        "Give --pass-phrase-file FILE, or --without-key.",
      );
    text = await ask("Pass phrase for the key: ");
    if (twice && text !== (await ask("The same again: "))) throw new StartError("The two are not the same.", "Nothing was written.");
  }
  if ([...text].length < 8) throw new StartError("The pass phrase is too short.", "Give 8 characters or more.");
  return text;
}

async function main(argv: string[]): Promise<void> {
  const [verb, ...args] = argv;
  if (verb !== "backup-store" && verb !== "restore-store") throw new StartError(`There is no "${String(verb)}" here.`, "It is backup-store or restore-store.");
  const own = {
    "pass-phrase-file": { type: "string" },
    "without-key": { type: "boolean" },
    force: { type: "boolean" },
    replace: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  const place = { data: { type: "string" }, database: { type: "string" }, config: { type: "string" } } as const;
  let values;
  let positionals: string[];
  try {
    ({ values, positionals } = parseArgs({ args, allowPositionals: true, options: { ...own, ...place } }));
  } catch (error) {
    throw new StartError((error as Error).message, usage[verb]);
  }
  if (values.help) return void process.stdout.write(usage[verb]);
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new StartError("Name one file.", usage[verb]);
  if (values.force && verb === "restore-store") throw new StartError("--force is for backup-store.", "It is --replace here.");
  if (values.replace && verb === "backup-store") throw new StartError("--replace is for restore-store.", "It is --force here.");
  const where = (["data", "database", "config"] as const).flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]));
  if (values.data === undefined && process.env["POLYVISOR_DATA"]) where.push("--data", process.env["POLYVISOR_DATA"]);
  const config = readConfig(where, process.env);
  if (config === "help") return;
  const log = makeLog("warn");
  const target = path.resolve(file);
  if (verb === "backup-store") {
    const phrase = values["without-key"] ? undefined : await passPhrase(values["pass-phrase-file"], true);
    const made = await backupStore(config, { file: target, force: values.force === true, passPhrase: phrase }, log);
    process.stdout.write(
      `${target}: ${Math.ceil(made.size / 1024)} KiB, tables of version ${made.schema}, ${made.withKey ? "with the key" : "without the key of the hosts' credentials"}.\n`,
    );
    return;
  }
  const done = await restoreStore(
    config,
    {
      file: target,
      replace: values.replace === true,
      passPhrase: async () => (values["without-key"] ? undefined : passPhrase(values["pass-phrase-file"], false)),
    },
    log,
  );
  const total = Object.values(done.rows).reduce((sum, each) => sum + each, 0);
  process.stdout.write(
    `Restored the store of ${done.header.made} (Polyvisor ${done.header.version}): ${total} rows in ${Object.keys(done.rows).length} tables. Start the server now.\n`,
  );
  if (!done.withKey) process.stdout.write("The hosts' credentials open only with the secret.key of the server that the backup was made of.\n");
}

// Ended by hand: timers of the database's stop may still wait, for nothing.
try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  const text = error instanceof StartError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`polyvisor: ${text}\n`);
  process.exit(error instanceof StartError ? 2 : 1);
}
