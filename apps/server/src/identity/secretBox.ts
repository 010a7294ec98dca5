import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { PolyvisorError } from "@polyvisor/model";
import { StartError } from "../startError.ts";
import { writeOnce } from "../files.ts";

/** Seals secrets for the store with the key in the data folder: who has only the database reads none of them. */
export interface SecretBox {
  /** @param context what the secret belongs to (a host's id): sealed for one, it opens for no other */
  seal(text: string, context: string): Buffer;
  /** @throws PolyvisorError `internal` when it was changed, or sealed with another key or for another context */
  open(sealed: Buffer, context: string): string;
}

const version = 1;

/** AES-256-GCM. Sealed form: version byte, 12 bytes nonce, 16 bytes tag, the rest. */
export function secretBox(key: Buffer): SecretBox {
  if (key.length !== 32) throw new RangeError("the key has 32 bytes");
  return {
    seal(text, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, context) {
      try {
        if (sealed[0] !== version || sealed.length < 29) throw new Error("not a sealed secret");
        const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, 13), { authTagLength: 16 })
          .setAAD(Buffer.from(context))
          .setAuthTag(sealed.subarray(13, 29));
        return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()]).toString("utf8");
      } catch (error) {
        throw new PolyvisorError("internal", {
          detail: "a kept credential cannot be opened: the secret.key of the data folder is not the one it was sealed with",
          remedy: "Bring the former secret.key back, or give the host its credential again: polyvisor host credential HOST USER.",
          cause: error,
        });
      }
    },
  };
}

/** The box of a data folder; its key is made at first use (mode 0600). */
export async function openSecretBox(dataFolder: string): Promise<SecretBox> {
  const file = path.join(dataFolder, "secret.key");
  await writeOnce(file, randomBytes(32), 0o600);
  const key = await readFile(file);
  if (key.length !== 32)
    throw new StartError(
      `${file} is damaged: it has ${key.length} bytes in place of 32.`,
      "Restore it from a backup; without it the kept credentials of hosts cannot be read. To begin anew remove the file and give each host its credential again.",
    );
  return secretBox(key);
}
