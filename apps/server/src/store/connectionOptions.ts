import pg from "pg";
import { StartError } from "../startError.ts";
import type { PrivatePostgres } from "./privatePostgres.ts";

/** The schema of PostgreSQL in which all our tables stand, so that a database may be shared with others. */
export const schemaName = "polyvisor";

// bigint: revisions, event ids and bytes all stay below 2^53, so they are numbers here.
const int8 = 20;
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("a bigint of the store is past 2^53");
  return value;
}

/** Settings of every connection, to our own PostgreSQL or to the site's. @throws StartError for a URL that is none */
export function connectionOptions(place: PrivatePostgres | { url: string }): pg.ClientConfig {
  const [where, theirs] = "url" in place ? ofUrl(place.url) : [{ host: place.socketFolder, user: place.user, database: place.database }, ""];
  return {
    ...where,
    application_name: "polyvisor",
    options: `${theirs} -c search_path=${schemaName} -c timezone=UTC`.trim(), // the last word counts
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    query_timeout: 35_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format?: string) =>
        oid === int8 ? parseInt8 : pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
    },
  };
}

/** What the URL says overrules all else in the driver, so the settings that we rely on are taken out of it. */
const ours = ["options", "application_name", "statement_timeout", "query_timeout", "idle_in_transaction_session_timeout", "client_encoding"];

function ofUrl(text: string): [pg.ClientConfig, options: string] {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new StartError(
      "The database's URL cannot be read.",
      "Write it as postgresql://USER@HOST/NAME, and % with two digits for what is no letter or digit in a pass phrase.",
    );
  }
  const theirs = url.searchParams.get("options") ?? "";
  for (const name of ours) url.searchParams.delete(name);
  return [{ connectionString: url.href }, theirs];
}
