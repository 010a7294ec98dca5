import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { StartError } from "../startError.ts";

/** The data folder's secret.key, sealed by a pass phrase of the operator's. Bytes are in base64. */
export interface SealedKey {
  salt: string;
  /** Costs of scrypt. */
  N: number;
  r: number;
  p: number;
  /** Nonce (12 bytes), tag (16 bytes), the sealed key. */
  sealed: string;
}

/** Half a second and 128 MiB for each guess. */
const cost = { N: 2 ** 17, r: 8, p: 1 };
const context = Buffer.from("polyvisor store backup");

function keyOf(passPhrase: string, salt: Buffer, { N, r, p }: typeof cost): Buffer {
  return scryptSync(passPhrase.normalize("NFC"), salt, 32, { N, r, p, maxmem: 256 * 1024 ** 2 });
}

export function sealKey(key: Buffer, passPhrase: string): SealedKey {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keyOf(passPhrase, salt, cost), nonce).setAAD(context);
  const body = Buffer.concat([cipher.update(key), cipher.final()]);
  return { salt: salt.toString("base64"), ...cost, sealed: Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64") };
}

/** @throws StartError for another pass phrase, or a key that was changed */
export function openKey({ salt, N, r, p, sealed }: SealedKey, passPhrase: string): Buffer {
  // The file says them, and may lie: nothing costlier than what we write is computed.
  if (N !== cost.N || r !== cost.r || p !== cost.p)
    throw new StartError("The backup's key is sealed in a way that this Polyvisor does not know.", "Use a newer one.");
  const bytes = Buffer.from(sealed, "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", keyOf(passPhrase, Buffer.from(salt, "base64"), cost), bytes.subarray(0, 12), { authTagLength: 16 })
      .setAAD(context)
      .setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
  } catch (error) {
    throw new StartError("The pass phrase does not open the backup's key.", "Give the one that the backup was made with, or --without-key.", { cause: error });
  }
}
