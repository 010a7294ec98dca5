import { homedir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { readConfigFile, type FileSettings } from "./configFile.ts";
import { trustedProxies, type TrustedProxies } from "./http/clientAddress.ts";
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
  /** Seconds between two measurements of an object. */
  sampleInterval?: number | undefined;
  /** Rows of samples in a second at most, of all servers; beyond that the interval is stretched. */
  samplesPerSecond?: number | undefined;
  /** Proxies in front whose `X-Forwarded-For` is believed; nobody's where absent. */
  proxies?: TrustedProxies | undefined;
  /** HTTPS in place of HTTP: with the site's certificate, or with one that the server makes for itself. */
  tls?: TlsConfig | undefined;
}

export type TlsConfig = { kind: "generated" } | { kind: "site"; certificate: string; key: string };

/** Settings of a file; those that are `true` may be given several times. */
export const fileSettings = {
  data: false,
  port: false,
  listen: false,
  database: false,
  name: true,
  "trust-proxy": true,
  "log-level": false,
  "sample-interval": false,
  "samples-per-second": false,
  tls: false,
  "tls-certificate": false,
  "tls-key": false,
} as const;

export const usage = `usage: node apps/server/src/main.ts [--config FILE] [--data DIR] [--port N] [--listen ADDRESS] [--database URL]
       [--name HOST]... [--trust-proxy CIDR[,CIDR]]... [--tls | --tls-certificate FILE --tls-key FILE] [--log-level LEVEL]

  --config FILE      settings, a line each: NAME = VALUE, of the names below; what is given here or in the environment
                     goes before it
  --data DIR         what Polyvisor keeps (default /var/lib/polyvisor for root, else ~/.local/share/polyvisor)
  --port N           TCP port (default 8420)
  --listen ADDRESS   IP address to listen at (default 127.0.0.1)
  --database URL     a PostgreSQL of the site's, postgresql://USER@HOST/NAME; better given as POLYVISOR_DATABASE_URL,
                     because arguments are shown to every account of the machine (default: one of its own in DIR)
  --name HOST        a name by which clients call this server, beside localhost; may be repeated
  --trust-proxy CIDR[,CIDR]
                     addresses or networks of proxies in front, whose X-Forwarded-For says who the client is; may be repeated,
                     also as POLYVISOR_TRUST_PROXY (default: nobody is believed)
  --tls              HTTPS with a certificate that the server makes for itself (in a file: tls = generated)
  --tls-certificate FILE, --tls-key FILE
                     HTTPS with the site's certificate (PEM, with its chain) and key; read again when they change
  --sample-interval SECONDS
                     between two measurements of every VM and host (default 20)
  --samples-per-second N
                     rows of samples that all servers write at most (default 2500): with more VMs the interval is stretched
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
        "trust-proxy": { type: "string", multiple: true },
        config: { type: "string" },
        tls: { type: "boolean" },
        "tls-certificate": { type: "string" },
        "tls-key": { type: "string" },
        "log-level": { type: "string" },
        "sample-interval": { type: "string" },
        "samples-per-second": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    throw new StartError((error as Error).message, usage);
  }
  if (values["help"]) return "help";
  const file: FileSettings = values["config"] === undefined ? new Map() : readConfigFile(path.resolve(values["config"] as string), fileSettings);
  const given = (name: keyof typeof fileSettings): string | undefined => (values[name] as string | undefined) ?? file.get(name)?.[0];
  const number = (name: "sample-interval" | "samples-per-second", least: number, most: number): number | undefined => {
    const text = given(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) throw new StartError(`--${name} ${text} is out of range.`, `Give a number from ${least} to ${most}.`);
    return value;
  };
  const portText = given("port") ?? "8420";
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : -1;
  if (port < 0 || port > 65_535) throw new StartError(`--port ${portText} is not a port.`, "Give a number from 1 to 65535.");
  const logLevel = (given("log-level") ?? "info") as LogLevel;
  if (!logLevels.includes(logLevel)) throw new StartError(`--log-level ${logLevel} is unknown.`, `Known are ${logLevels.join(", ")}.`);
  const databaseUrl = (values["database"] as string | undefined) ?? env["POLYVISOR_DATABASE_URL"] ?? file.get("database")?.[0];
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl))
    throw new StartError("The database is not given as a PostgreSQL URL.", "Write it as postgresql://USER@HOST/NAME.");
  const data = given("data") ?? (isRoot ? "/var/lib/polyvisor" : path.join(env["XDG_DATA_HOME"] ?? path.join(homedir(), ".local/share"), "polyvisor"));
  return {
    dataFolder: path.resolve(data),
    listen: given("listen") ?? "127.0.0.1",
    port,
    databaseUrl,
    names: (values["name"] as string[] | undefined) ?? [...(file.get("name") ?? [])],
    proxies: proxiesOf((values["trust-proxy"] as string[] | undefined) ?? [env["POLYVISOR_TRUST_PROXY"] ?? []].flat(), file.get("trust-proxy")),
    logLevel,
    sampleInterval: number("sample-interval", 5, 300),
    samplesPerSecond: number("samples-per-second", 10, 100_000),
    tls: tlsOf(values["tls"] === true ? "generated" : file.get("tls")?.[0], given("tls-certificate"), given("tls-key")),
  };
}

function proxiesOf(given: readonly string[], file: readonly string[] = []): TrustedProxies | undefined {
  const cidrs = (given.length > 0 ? given : file)
    .join(",")
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);
  try {
    return cidrs.length === 0 ? undefined : trustedProxies(cidrs);
  } catch (error) {
    throw new StartError(`--trust-proxy: ${(error as Error).message}.`, "Name the addresses of your proxies, like 127.0.0.1,192.168.10.0/24.", {
      cause: error,
    });
  }
}

function tlsOf(mode: string | undefined, certificate: string | undefined, key: string | undefined): TlsConfig | undefined {
  if (mode !== undefined && mode !== "generated" && mode !== "off") throw new StartError(`tls = ${mode} is unknown.`, "Known are off and generated.");
  if (certificate === undefined && key === undefined) return mode === "generated" ? { kind: "generated" } : undefined;
  if (certificate === undefined || key === undefined)
    throw new StartError("A certificate is given without its key, or a key without its certificate.", "Give both: --tls-certificate FILE --tls-key FILE");
  if (mode !== undefined)
    throw new StartError("Both a certificate of the site's and one of our own are asked for.", "Leave out --tls (or the line tls = …) where the site has one.");
  return { kind: "site", certificate: path.resolve(certificate), key: path.resolve(key) };
}
