import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** One key that a known_hosts file names. */
interface Line {
  patterns: string;
  type: string;
  key: Buffer;
  revoked: boolean;
}

export type HostKeyVerdict = "known" | "unknown" | "changed" | "revoked";

/** `SHA256:…` of a host key, as ssh-keygen prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** Type name inside a public key blob, such as `ssh-ed25519`. */
export function keyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.length >= 4 + length ? key.toString("latin1", 4, 4 + length) : "";
}

/** OpenSSH's known_hosts: plain and hashed names, `[host]:port`, wildcards, negation, `@revoked`. */
export class KnownHosts {
  readonly #lines: Line[] = [];

  /** `text` is the content of one or more files. Lines that cannot be read are passed over, as ssh does. */
  constructor(text: string) {
    for (const raw of text.split(/\r?\n/)) {
      const words = raw.trim().split(/\s+/);
      const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
      const [patterns, type, key] = words;
      // A certificate authority would need host certificates, which this client does not offer to accept.
      if (!patterns || patterns.startsWith("#") || !type || !key || (marker !== undefined && marker !== "@revoked")) continue;
      this.#lines.push({ patterns, type, key: Buffer.from(key, "base64"), revoked: marker === "@revoked" });
    }
  }

  #of(host: string, port: number): Line[] {
    const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
    return this.#lines.filter((line) => matches(line.patterns, name));
  }

  /** What is known of a host's key. */
  check(host: string, port: number, key: Buffer): HostKeyVerdict {
    const lines = this.#of(host, port);
    if (lines.some((line) => line.revoked && line.key.equals(key))) return "revoked";
    const live = lines.filter((line) => !line.revoked);
    if (live.some((line) => line.key.equals(key))) return "known";
    return live.length > 0 ? "changed" : "unknown";
  }

  /** Types of the keys known for a host: to be asked for first, so that the server shows a key we can compare. */
  types(host: string, port: number): string[] {
    return [
      ...new Set(
        this.#of(host, port)
          .filter((line) => !line.revoked)
          .map((line) => line.type),
      ),
    ];
  }
}

function matches(patterns: string, name: string): boolean {
  if (patterns.startsWith("|1|")) {
    const [, , salt = "", hash = ""] = patterns.split("|");
    const wanted = Buffer.from(hash, "base64");
    const made = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
    return wanted.length === made.length && timingSafeEqual(wanted, made);
  }
  let found = false;
  for (const pattern of patterns.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!wildcard(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** `*` and `?` as in ssh; linear, so that a hostile file cannot make it slow. */
function wildcard(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let mark = 0;
  while (n < name.length) {
    if (pattern[p] === "*") {
      star = p++;
      mark = n;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
