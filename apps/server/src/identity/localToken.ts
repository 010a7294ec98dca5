import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { PolyvisorError } from "@polyvisor/model";
import { writeAtomically } from "../files.ts";
import type { Identity } from "./identity.ts";

/**
 * The token in the data folder (mode 0600) by which the command line of this very account comes in: who can read
 * the file could read the database as well. The one of the start before is used again while it is valid.
 */
export async function keepLocalToken(dataFolder: string, identity: Identity): Promise<void> {
  const file = path.join(dataFolder, "local-token");
  const kept = (await readFile(file, "utf8").catch(() => "")).trim();
  if (kept) {
    try {
      if ((await identity.caller(kept)).use === "local") return;
    } catch (error) {
      if (!(error instanceof PolyvisorError) || error.code !== "notSignedIn") throw error;
    }
  }
  await writeAtomically(file, `${await identity.makeLocalToken(`command line on ${hostname()}`)}\n`, 0o600);
}
