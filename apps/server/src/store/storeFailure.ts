import { PolyvisorError } from "@polyvisor/model";

const systemCodes = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN", "EACCES"]);
// SQLSTATE classes: 08 connection, 57P shutdown and start-up, 53 out of disk, memory or connections, 58 I/O, 25006 read-only, 25P03 said nothing in a transaction.
const sqlStates = /^(08...|57P..|53...|58...|25006|25P03)$/;
// What pg and pg-pool throw without a code.
const driverMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|The server does not support|terminating connection|sorry, too many clients)/i;

const reasons: Record<string, string> = {
  "25006": "the database takes no writes: it is a standby or read-only",
  "53100": "the database's disk is full",
  "53200": "the database is out of memory",
  "53300": "the database has no connection left",
  "53400": "the database is at a limit that is set for it",
};

/**
 * The operator's error for a failure of the database itself, as opposed to one of the query.
 * @returns `storeUnavailable`, or undefined where the error is of another kind
 */
export function storeFailure(error: unknown): PolyvisorError | undefined {
  if (!(error instanceof Error) || error instanceof PolyvisorError) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code !== undefined && sqlStates.test(code)) {
    return new PolyvisorError("storeUnavailable", { detail: reasons[code] ?? "the database is not taking connections or lost this one", cause: error });
  }
  const ofSystem = code !== undefined && syscall !== undefined && systemCodes.has(code) && ["connect", "read", "write", "getaddrinfo"].includes(syscall);
  if (ofSystem || driverMessages.test(error.message))
    return new PolyvisorError("storeUnavailable", { detail: "the connection to the database is lost or cannot be made", cause: error });
  return undefined;
}
