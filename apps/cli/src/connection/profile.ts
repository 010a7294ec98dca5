import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CliFailure, usageFailure } from "../failure.ts";
import { exitCodes } from "../exitCode.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What `polyvisor login` keeps: one server, and the API token made for this machine. */
export interface Profile {
  url: string;
  token: string;
  /** Id of the token, by which `logout` revokes it. */
  tokenId?: string;
}

/** `${XDG_CONFIG_HOME:-~/.config}/polyvisor/config.json`. */
export const profilePath = (env: Env): string => join(env["XDG_CONFIG_HOME"] || join(env["HOME"] || "/", ".config"), "polyvisor", "config.json");

/** The stored sign-in, or undefined when there is none. */
export function readProfile(env: Env): Profile | undefined {
  const path = profilePath(env);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES")
      throw new CliFailure(exitCodes.notAllowed, `${path} belongs to another user and cannot be read.`, "Remove it, or set POLYVISOR_URL and POLYVISOR_TOKEN.");
    return undefined;
  }
  try {
    const value = JSON.parse(text) as Partial<Profile>;
    if (typeof value.url === "string" && typeof value.token === "string")
      return { url: value.url, token: value.token, ...(typeof value.tokenId === "string" ? { tokenId: value.tokenId } : {}) };
  } catch {
    // said below
  }
  throw usageFailure(`${path} is not a sign-in written by polyvisor login.`, "Remove it and sign in again.");
}

/** Writes the sign-in, readable by its owner only, never half. */
export function writeProfile(env: Env, profile: Profile): string {
  const path = profilePath(env);
  writePrivately(path, profile);
  return path;
}

/** Writes JSON that is for its owner only, never half. */
export function writePrivately(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}

export const removeProfile = (env: Env): void => rmSync(profilePath(env), { force: true });
