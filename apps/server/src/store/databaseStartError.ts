import type pg from "pg";
import { StartError } from "../startError.ts";

/** What to do for each way in which the site's PostgreSQL refuses us, by SQLSTATE or system code. */
const remedies: Record<string, [problem: string, remedy: string]> = {
  "28P01": ["refuses the name or pass phrase", "Correct them in the URL (or PGPASSWORD, or ~/.pgpass)."],
  "28000": ["refuses this account", "Look at the server's pg_hba.conf and at the user in the URL."],
  "3D000": ["has no such database", "Create it first, for example: createdb --owner=USER NAME"],
  "42501": ["does not let this account create its tables", "Let it own a schema: create schema polyvisor authorization USER"],
  "53300": ["has no connection left", "Raise its max_connections or end other clients; Polyvisor uses up to 15."],
  "53100": ["has no room on its disk", "Free space there and start again."],
  "25006": ["is read-only, perhaps a standby", "Give the URL of the primary; add target_session_attrs where there are several."],
  "08P01": ["does not take the settings that Polyvisor needs, as a pooler in front of it does not", "Give the URL of PostgreSQL itself."],
  "57P03": ["is starting up or shutting down", "Try again in a moment."],
  ECONNREFUSED: ["does not take connections", "Start it, and check host and port in the URL."],
  ENOENT: ["does not take connections", "Start it, and check the socket's folder in the URL."],
  ENOTFOUND: ["has a host name that cannot be resolved", "Correct the name in the URL, or the DNS."],
  EAI_AGAIN: ["has a host name that cannot be resolved just now", "Check the DNS."],
  ETIMEDOUT: ["does not answer", "Check that it runs and that no firewall stands between."],
  EHOSTUNREACH: ["cannot be reached", "Check the network between here and there."],
};

/** An error at start as a paragraph that names the database (never its pass phrase) and the next action. */
export function databaseStartError(error: unknown, client: pg.Client): Error {
  if (error instanceof StartError || !(error instanceof Error)) return error as Error;
  const where = `The database "${client.database ?? ""}" at ${client.host}${client.host.startsWith("/") ? "" : `:${client.port}`}`;
  const { code = "" } = error as NodeJS.ErrnoException;
  const known = remedies[code] ?? (/timeout|Connection terminated/i.test(error.message) ? remedies["ETIMEDOUT"] : undefined);
  if (known) return new StartError(`${where} ${known[0]} (${error.message}).`, known[1], { cause: error });
  return new StartError(`${where} cannot be used: ${error.message}`, "Check the URL and the database's own log.", { cause: error });
}
