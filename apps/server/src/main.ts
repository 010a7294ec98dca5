import { hostname } from "node:os";
import { readConfig, usage } from "./config.ts";
import { makeLog } from "./log.ts";
import { startServer, type Server } from "./startServer.ts";
import { StartError } from "./startError.ts";
import { tellSupervisor } from "./tellSupervisor.ts";

// Every file with a secret says its own mode; the data folder has to let the database's account through.
process.umask(0o022);
process.title = "polyvisor-server";

function fail(error: unknown): never {
  if (error instanceof StartError) {
    process.stderr.write(`polyvisor: ${error.message}\n`);
    process.exit(2);
  }
  process.stderr.write(`polyvisor: the server could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}

try {
  const config = readConfig(process.argv.slice(2), process.env);
  if (config === "help") {
    process.stdout.write(usage);
    process.exit(0);
  }
  const supervisor = process.env["NOTIFY_SOCKET"];
  // Not for the programs that we start.
  for (const ours of ["POLYVISOR_DATABASE_URL", "NOTIFY_SOCKET"]) delete process.env[ours];
  const log = makeLog(config.logLevel);
  const crash = (error: unknown): never => {
    // Another took its place, or it slept too long: nothing is broken, and whoever supervises it starts it anew.
    if (error instanceof StartError) log.fatal(error.message);
    else log.fatal({ err: error }, "a fault of ours ended the server; its database runs on and is taken over at the next start");
    process.exit(1);
  };
  process.on("uncaughtException", crash).on("unhandledRejection", crash);
  // Warnings of libraries go into the log like everything else, and not as bare lines between its objects.
  process.removeAllListeners("warning").on("warning", (warning) => log.warn({ err: warning }, "a library warns"));
  let server: Server | undefined;
  const close = (): void => {
    server!.close().then(
      () => {
        log.info("stopped");
        process.exit(0);
      },
      (error: unknown) => crash(error),
    );
  };
  let signals = 0;
  const stop = (signal: string): void => {
    if (++signals > 1) {
      log.warn({ signal }, "stopped at once");
      process.exit(130);
    }
    log.info({ signal }, server ? "stopping" : "stopping as soon as the start is through"); // a database half-way through its start is not left alone
    if (server) close();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGHUP", () => void server?.reload()); // also where the terminal went away: a server outlives it
  server = await startServer(config, log);
  log.info({ url: server.url, data: config.dataFolder, machine: hostname(), pid: process.pid }, "ready");
  await tellSupervisor(supervisor, `at ${server.url}`, log);
  if (signals > 0) close();
} catch (error) {
  fail(error);
}
