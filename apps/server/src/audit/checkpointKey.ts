import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { signedText, type AuditCheckpoint, type AuditCrypto } from "@polyvisor/api";
import { writeOnce } from "../files.ts";
import { StartError } from "../startError.ts";
import { sha256 } from "./appendAudit.ts";

/** What stands before the 32 bytes of an Ed25519 key in SPKI form (RFC 8410). */
const spki = Buffer.from("302a300506032b6570032100", "hex");

const publicKeyOf = (key: string): KeyObject => createPublicKey({ key: Buffer.concat([spki, Buffer.from(key, "base64")]), format: "der", type: "spki" });

/** What the chain is checked with. */
export const auditCrypto: AuditCrypto = {
  sha256,
  verify: (key, text, signature) => verify(null, Buffer.from(text), publicKeyOf(key), Buffer.from(signature, "base64")),
};

/** The key that this server signs checkpoints with. */
export interface CheckpointKey {
  /** 32 bytes in base64. */
  readonly publicKey: string;
  sign(checkpoint: Omit<AuditCheckpoint, "signature" | "key">): AuditCheckpoint;
}

/** The key of a data folder; made at first use (mode 0600). */
export async function openCheckpointKey(dataFolder: string): Promise<CheckpointKey> {
  const file = path.join(dataFolder, "audit.key");
  await writeOnce(file, generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" }), 0o600);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: await readFile(file), format: "der", type: "pkcs8" });
    if (key.asymmetricKeyType !== "ed25519") throw new Error("not an Ed25519 key");
  } catch (error) {
    throw new StartError(
      `${file} is damaged: it is not the key that checkpoints of the audit log are signed with.`,
      "Restore it from a backup. To begin with a new key remove the file: checkpoints of before stay valid by the former public key.",
      { cause: error },
    );
  }
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(spki.length).toString("base64");
  return {
    publicKey,
    sign(checkpoint) {
      const body = { ...checkpoint, key: publicKey };
      return { ...body, signature: sign(null, Buffer.from(signedText(body)), key).toString("base64") };
    },
  };
}
