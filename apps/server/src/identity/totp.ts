import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Seconds of one step and digits of a code: what every authenticator takes (RFC 6238, section 4; RFC 4226, section 5.3). */
const stepSeconds = 30;
const digits = 6;
/** Steps before and after the present one that count: clocks differ, and people type slowly (RFC 6238, section 5.2). */
const drift = 1;

/** The code of a counter (RFC 4226, section 5.3). */
export function hotp(secret: Buffer, counter: number, length = digits): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac("sha1", secret).update(message).digest();
  const offset = mac[mac.length - 1]! & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** length).padStart(length, "0");
}

/** The step of a time in milliseconds since 1970. */
export const stepOf = (ms: number): number => Math.floor(ms / 1000 / stepSeconds);

/** Which step near now has this code; undefined for none. All are compared, so that the time taken does not tell which. */
export function matchingStep(secret: Buffer, typed: string, nowMs: number): number | undefined {
  const code = Buffer.from(typed.replace(/[\s-]/g, ""));
  const now = stepOf(nowMs);
  let found: number | undefined;
  for (let step = Math.max(0, now - drift); step <= now + drift; step++) {
    const right = Buffer.from(hotp(secret, step));
    if (code.length === right.length && timingSafeEqual(code, right)) found = step;
  }
  return found;
}

/** 160 random bits: what RFC 4226 (section 4, R6) recommends. */
export const makeTotpSecret = (): Buffer => randomBytes(20);

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648 base32 without padding, as authenticators take it. */
export function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => letters[Number.parseInt(five.padEnd(5, "0"), 2)]).join("");
}

/** The text of the QR code: `otpauth://totp/…`. */
export const totpUri = (secret: Buffer, account: string): string =>
  `otpauth://totp/${encodeURIComponent(`Polyvisor:${account}`)}?secret=${base32(secret)}&issuer=Polyvisor&algorithm=SHA1&digits=${digits}&period=${stepSeconds}`;
