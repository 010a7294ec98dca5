import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { isIP } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { StartError } from "../startError.ts";

const run = promisify(execFile);
/** Clients know it by its fingerprint, so that a new one is a question to each of them: it lives long. */
const days = 3_650;

/** Where a server keeps the certificate that it made for itself. */
export interface OwnCertificate {
  certificate: string;
  key: string;
}

/** Names and addresses by which this machine may be called. */
export function ownNames(names: readonly string[], listen: string): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter((each) => !each.address.startsWith("fe80")).map((each) => each.address),
  );
  const all = new Set(["localhost", "127.0.0.1", "::1", hostname().toLowerCase(), ...names.map((each) => each.toLowerCase()), ...addresses]);
  if (isIP(listen) !== 0 && listen !== "0.0.0.0" && listen !== "::") all.add(listen);
  return [...all].filter((each) => isIP(each) !== 0 || /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(each)).slice(0, 64);
}

/**
 * The server's own certificate in `DIR/tls`, made by openssl where there is none, where it has expired, and where it lacks
 * a name that the operator gave. @throws StartError where openssl is not there
 */
export async function ownCertificate(dataFolder: string, names: readonly string[], listen: string, now = Date.now()): Promise<OwnCertificate> {
  const folder = path.join(dataFolder, "tls");
  const own = { certificate: path.join(folder, "certificate.pem"), key: path.join(folder, "key.pem") };
  const kept = await readFile(own.certificate, "utf8").catch(() => undefined);
  if (kept !== undefined && serves(kept, names, now)) return own;
  const fresh = await mkdtemp(path.join(dataFolder, ".tls-"));
  const subject = ownNames(names, listen).map((each) => `${isIP(each) === 0 ? "DNS" : "IP"}:${each}`);
  try {
    await run(
      "openssl",
      [
        ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -subj /CN=Polyvisor".split(" "),
        ..."-addext extendedKeyUsage=serverAuth -addext keyUsage=critical,digitalSignature -addext basicConstraints=critical,CA:FALSE".split(" "),
        "-days",
        String(days),
        "-addext",
        `subjectAltName=${subject.join(",")}`,
        "-keyout",
        path.join(fresh, "key.pem"),
        "-out",
        path.join(fresh, "certificate.pem"),
      ],
      { timeout: 60_000, env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: fresh } },
    );
    await mkdir(folder, { mode: 0o700, recursive: true });
    // Both or none: a key without its certificate would be a server that does not start.
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new StartError(
        "A certificate cannot be made: openssl is not on this machine.",
        "Install it: apt-get install openssl. Or give one of the site's: --tls-certificate FILE --tls-key FILE",
      );
    const why = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? (error as Error).message;
    throw new StartError(`A certificate cannot be made: ${why}`, "Give one of the site's: --tls-certificate FILE --tls-key FILE", { cause: error });
  }
  return own;
}

function serves(pem: string, names: readonly string[], now: number): boolean {
  try {
    const certificate = new X509Certificate(pem);
    if (certificate.validToDate.getTime() < now) return false;
    return names.every((each) => (isIP(each) === 0 ? certificate.checkHost(each) : certificate.checkIP(each)) !== undefined);
  } catch {
    return false;
  }
}
