import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// Before anything else is loaded: compiled code is kept between runs, in the user's own folder and never in a
// shared one, where another user could lay code for us to run.
enableCompileCache(join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "polyvisor", "node"));

const argv = process.argv.slice(2);
// A reader that went away (`polyvisor list | head`) ends us as it ends every filter: 128 + SIGPIPE.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 141 : 1));
process.stderr.on("error", () => process.exit(141));

if (argv[0] === "__complete") {
  const { complete } = await import("./completion/complete.ts");
  process.exitCode = await complete(argv.slice(1), process.env, (line) => process.stdout.write(`${line}\n`));
} else if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  const { version } = await import("./version.ts");
  process.stdout.write(`${version}\n`);
} else {
  const [{ run }, { processIo }] = await Promise.all([import("./program.ts"), import("./io.ts")]);
  process.exitCode = await run(argv, processIo());
}
// Nothing may hold the shell back (an idle connection, an unread standard input), but what was written must arrive:
// where the other end is a socket, as for a child of Node, writing is not done when `write` returns.
await Promise.all(
  [process.stdout, process.stderr].map((output) => output.writableLength > 0 && new Promise<void>((resolve) => output.write("", () => resolve()))),
);
process.exit();
