import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { StartError } from "../startError.ts";

/** A certificate (with its chain) and its key, checked to belong together. */
export interface CertificatePair {
  cert: string;
  key: string;
  /** SHA-256 of the certificate itself, as openssl and browsers show it: `AB:CD:…`. */
  fingerprint: string;
  /** Milliseconds since 1970. */
  expires: number;
}

/** Reads both files. @throws StartError that names the file and what is wrong with it; nothing of a key stands in it */
export async function readCertificatePair(certificateFile: string, keyFile: string): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([read(certificateFile), read(keyFile)]);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (error) {
    throw new StartError(`${certificateFile} holds no certificate.`, "Give the certificate in PEM, followed by those of its authorities.", { cause: error });
  }
  let belongs: boolean;
  try {
    belongs = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    // Without the cause: it might repeat what it could not read.
    throw new StartError(
      `${keyFile} holds no private key that can be used without a pass phrase.`,
      "Give the key in PEM, unencrypted, readable by this account only.",
    );
  }
  if (!belongs) throw new StartError(`The key in ${keyFile} is not that of the certificate in ${certificateFile}.`, "Give the two that belong together.");
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new StartError(
      `${certificateFile} cannot be used: ${(error as Error).message}`,
      "Give certificates in PEM: the server's first, then its authorities'.",
      {
        cause: error,
      },
    );
  }
  return { cert, key, fingerprint: certificate.fingerprint256, expires: certificate.validToDate.getTime() };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code = "?" } = error as NodeJS.ErrnoException;
    throw new StartError(`${file} cannot be read (${code}).`, "Correct its name, or let the account that runs Polyvisor read it.", { cause: error });
  }
}
