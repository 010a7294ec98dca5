import { expect, test } from "vitest";
import { fromBase32 } from "../lab/base32.ts";
import { base32, hotp, makeTotpSecret, matchingStep, stepOf, totpUri } from "./totp.ts";

// RFC 6238, appendix B: the secret is these 20 ASCII digits.
const secret = Buffer.from("12345678901234567890");

test.each([
  [59, "94287082"],
  [1111111109, "07081804"],
  [1111111111, "14050471"],
  [1234567890, "89005924"],
  [2000000000, "69279037"],
  [20000000000, "65353130"],
])("the code at second %i is the RFC's", (second, code) => {
  expect(hotp(secret, stepOf(second * 1000), 8)).toBe(code);
});

test("a code counts in its step and one to each side, however it is typed", () => {
  const at = 1_700_000_000_000;
  const step = stepOf(at);
  for (const near of [-1, 0, 1]) expect(matchingStep(secret, hotp(secret, step + near), at)).toBe(step + near);
  for (const far of [-2, 2, 20]) expect(matchingStep(secret, hotp(secret, step + far), at)).toBeUndefined();
  const code = hotp(secret, step);
  expect(matchingStep(secret, ` ${code.slice(0, 3)} ${code.slice(3)} `, at)).toBe(step);
  for (const wrong of ["", code.slice(1), `${code}0`, "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666"])
    expect(matchingStep(secret, wrong, at)).toBeUndefined();
});

test("a clock near 1970 is no reason to fail", () => {
  expect(matchingStep(secret, hotp(secret, 0), 0)).toBe(0);
});

test("a secret is base32 that an authenticator reads back", () => {
  expect(base32(Buffer.from("foobar"))).toBe("MZXW6YTBOI"); // RFC 4648, section 10
  for (let i = 0; i < 20; i++) {
    const made = makeTotpSecret();
    expect(fromBase32(base32(made))).toEqual(made);
  }
  expect(totpUri(secret, "alice@corp")).toBe(
    `otpauth://totp/Polyvisor%3Aalice%40corp?secret=${base32(secret)}&issuer=Polyvisor&algorithm=SHA1&digits=6&period=30`,
  );
});
