import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { knownCertificate } from "./knownServers.ts";
import { readProfile } from "./profile.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface Server {
  url: string;
  token: string | undefined;
  /** Its certificate in PEM, where that is trusted for itself: as the data folder or a person said. */
  certificate?: string | undefined;
  /** How it was found, for a person. */
  found: string;
}

/** Where a server on this machine keeps its data when nobody says otherwise. */
function defaultDataFolder(env: Env, uid: number | undefined): string {
  if (uid === 0) return "/var/lib/polyvisor";
  return join(env["XDG_DATA_HOME"] || join(env["HOME"] || "/", ".local", "share"), "polyvisor");
}

/**
 * Which server to talk to: POLYVISOR_URL with POLYVISOR_TOKEN; else POLYVISOR_DATA where it is set; else the
 * stored sign-in; else the server of this machine. A token is only ever sent to the URL it was stored for.
 */
export function locateServer(env: Env, uid = process.getuid?.()): Server {
  if (env["POLYVISOR_URL"]) {
    const url = checkUrl(env["POLYVISOR_URL"], "POLYVISOR_URL");
    const local = sameAsLocal(url, env, uid);
    return {
      url,
      token: env["POLYVISOR_TOKEN"] || tokenFor(url, env, uid),
      certificate: local?.certificate ?? knownCertificate(env, url),
      found: "POLYVISOR_URL",
    };
  }
  const token = env["POLYVISOR_TOKEN"] || undefined;
  if (!env["POLYVISOR_DATA"]) {
    const profile = readProfile(env);
    if (profile) {
      const url = checkUrl(profile.url, "the stored sign-in");
      return { url, token: token ?? profile.token, certificate: knownCertificate(env, url), found: "polyvisor login" };
    }
  }
  const folder = env["POLYVISOR_DATA"] || defaultDataFolder(env, uid);
  const local = localServer(folder);
  if (!local)
    throw new CliFailure(
      exitCodes.unreachable,
      `No Polyvisor server runs on this machine: ${join(folder, "server.json")} is not there.`,
      uid !== 0 && existsSync("/usr/lib/polyvisor")
        ? "The service of this machine is for root and its own account: sudo polyvisor …; or sign in to it with polyvisor login --url URL."
        : "Start it with ./polyvisor up, or sign in to another with polyvisor login --url URL.",
    );
  return { ...local, token: token ?? localToken(folder), found: folder };
}

function tokenFor(url: string, env: Env, uid: number | undefined): string | undefined {
  const profile = readProfile(env);
  if (profile && sameServer(profile.url, url)) return profile.token;
  return sameAsLocal(url, env, uid) ? localToken(env["POLYVISOR_DATA"] || defaultDataFolder(env, uid)) : undefined;
}

/** The server of this machine, where the URL is its. */
function sameAsLocal(url: string, env: Env, uid: number | undefined): LocalServer | undefined {
  try {
    const local = localServer(env["POLYVISOR_DATA"] || defaultDataFolder(env, uid));
    return local && sameServer(local.url, url) ? local : undefined;
  } catch {
    return undefined; // a folder that is not ours says nothing of a server that was named
  }
}

const sameServer = (a: string, b: string): boolean => a.replace(/\/+$/, "") === b.replace(/\/+$/, "");

/** A URL of a server as someone wrote it, checked. */
export function checkUrl(text: string, place: string): string {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // said below
  }
  if (!url || !/^https?:$/.test(url.protocol))
    throw usageFailure(`${place} is not the URL of a server: ${text}`, "Write it like http://127.0.0.1:8420 or https://polyvisor.example.com.");
  if (url.username || url.password) throw usageFailure(`${place} holds a user or a password.`, "Give the token by POLYVISOR_TOKEN or polyvisor login.");
  return text.replace(/\/+$/, "");
}

/** Whether tokens and pass phrases would cross a network unencrypted. */
export function isExposed(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

type LocalServer = Pick<Server, "url" | "certificate">;

function localServer(folder: string): LocalServer | undefined {
  const path = join(folder, "server.json");
  try {
    const { url, certificate } = JSON.parse(readFileSync(path, "utf8")) as { url?: unknown; certificate?: unknown };
    return typeof url === "string" ? { url: checkUrl(url, path), ...(typeof certificate === "string" ? { certificate } : {}) } : undefined;
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw notYours(path);
    return undefined;
  }
}

function localToken(folder: string): string | undefined {
  const path = join(folder, "local-token");
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw notYours(path);
    return undefined;
  }
}

const notYours = (path: string): CliFailure =>
  new CliFailure(
    exitCodes.notAllowed,
    `You may not read ${path}, which signs in the server's own user.`,
    "Run it as that user (sudo), or sign in with polyvisor login --url URL --code CODE.",
  );
