import { homedir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { logLevels, type LogLevel } from "./log.ts";
import { StartError } from "./startError.ts";

export interface Config {
  /** Absolute. */
  dataFolder: string;
  listen: string;
  port: number;
  /** The site's PostgreSQL; one of our own where absent. */
  databaseUrl: string | undefined;
  /** Names beside localhost under which clients may call (`Host`), for a proxy in front. */
  names: string[];
  logLevel: LogLevel;
}

export const usage = `usage: node apps/server/src/main.ts [--data DIR] [--port N] [--listen ADDRESS] [--database URL] [--name HOST]... [--log-level LEVEL]

  --data DIR         what Polyvisor keeps (default /var/lib/polyvisor for root, else ~/.local/share/polyvisor)
  --port N           TCP port (default 8420)
  --listen ADDRESS   IP address to listen at (default 127.0.0.1)
  --database URL     a PostgreSQL of the site's, postgresql://USER@HOST/NAME; better given as POLYVISOR_DATABASE_URL,
                     because arguments are shown to every account of the machine (default: one of its own in DIR)
  --name HOST        a name by which clients call this server, beside localhost; may be repeated
  --log-level LEVEL  ${logLevels.join(", ")} (default info)
`;

/** Reads arguments and environment. @throws StartError that names the argument */
export function readConfig(args: string[], env: NodeJS.ProcessEnv, isRoot = process.getuid?.() === 0): Config | "help" {
  let values: Record<string, string | boolean | string[] | undefined>;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        data: { type: "string" },
        port: { type: "string" },
        listen: { type: "string" },
        database: { type: "string" },
        name: { type: "string", multiple: true },
        "log-level": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    throw new StartError((error as Error).message, usage);
  }
  if (values["help"]) return "help";
  const port = Number(values["port"] ?? 8420);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new StartError(`--port ${String(values["port"])} is not a port.`, "Give a number from 1 to 65535.");
  const logLevel = (values["log-level"] ?? "info") as LogLevel;
  if (!logLevels.includes(logLevel)) throw new StartError(`--log-level ${logLevel} is unknown.`, `Known are ${logLevels.join(", ")}.`);
  const databaseUrl = (values["database"] as string | undefined) ?? env["POLYVISOR_DATABASE_URL"];
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl))
    throw new StartError("The database is not given as a PostgreSQL URL.", "Write it as postgresql://USER@HOST/NAME.");
  const data =
    (values["data"] as string | undefined) ??
    (isRoot ? "/var/lib/polyvisor" : path.join(env["XDG_DATA_HOME"] ?? path.join(homedir(), ".local/share"), "polyvisor"));
  return {
    dataFolder: path.resolve(data),
    listen: (values["listen"] as string | undefined) ?? "127.0.0.1",
    port,
    databaseUrl,
    names: (values["name"] as string[] | undefined) ?? [],
    logLevel,
  };
}
