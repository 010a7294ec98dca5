import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { usageFailure } from "../failure.ts";
import { profilePath } from "./profile.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Beside the sign-in: certificates of servers that a person trusted, by `host:port`. */
export const knownServersPath = (env: Env): string => join(dirname(profilePath(env)), "known-servers.json");

const nameOf = (url: string): string => {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || "443"}`;
};

function read(env: Env): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(knownServersPath(env), "utf8");
  } catch {
    return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw usageFailure(`${knownServersPath(env)} is damaged.`, "Remove it; polyvisor login asks anew whether to trust a server.");
}

/** The certificate that was trusted for a server, in PEM. */
export function knownCertificate(env: Env, url: string): string | undefined {
  if (!url.startsWith("https:")) return undefined;
  const servers = read(env);
  const pem = Object.hasOwn(servers, nameOf(url)) ? servers[nameOf(url)] : undefined;
  return typeof pem === "string" ? pem : undefined;
}

/** Trusts a certificate for a server from now on. */
export function keepCertificate(env: Env, url: string, pem: string): void {
  const path = knownServersPath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify({ ...read(env), [nameOf(url)]: pem }, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, path);
}

/** SHA-256 of a certificate as openssl and browsers show it. */
export const fingerprintOf = (pem: string): string => new X509Certificate(pem).fingerprint256;
