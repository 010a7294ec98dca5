import { createHash, randomBytes } from "node:crypto";

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/** A token: 256 random bits. Only its hash is kept, which needs no salt and no work factor for that. */
export function makeToken(): { token: string; hash: Buffer } {
  const token = `pv_${randomBytes(32).toString("base64url")}`;
  return { token, hash: sha256(token) };
}

/** Hash of a text that looks like a token; undefined for one that cannot be one. */
export function hashToken(text: string): Buffer | undefined {
  return /^pv_[A-Za-z0-9_-]{43}$/.test(text) ? sha256(text) : undefined;
}

const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford: nothing to misread

/** A code for one sign-in: 60 random bits as `7K2M-9X0Q-ADVE`. */
export function makeCode(): { code: string; hash: Buffer } {
  const text = [...randomBytes(12)].map((byte) => letters[byte & 31]).join("");
  return { code: text.match(/.{4}/g)!.join("-"), hash: sha256(`code:${text}`) };
}

/** Hash of a code as someone typed it: letter case, spaces and dashes do not count, O is 0, I and L are 1. */
export function hashCode(typed: string): Buffer {
  const text = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return sha256(`code:${text}`);
}

/** A random id with a prefix: `a-7k2m9x0qadve`. */
export const randomId = (prefix: string): string => `${prefix}-${[...randomBytes(12)].map((byte) => letters[byte & 31]!.toLowerCase()).join("")}`;
