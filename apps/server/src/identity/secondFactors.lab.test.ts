import { afterAll, beforeAll, expect, test } from "vitest";
import { fromBase32 } from "../lab/base32.ts";
import { codeOf, openIdentityLab, type IdentityLab } from "../lab/identityLab.ts";
import { hotp, stepOf } from "./totp.ts";

// The clock is the test's own, so that a step ends when it is told to.
let now = Date.UTC(2026, 10, 21, 12, 0, 0);
const steps = (n: number): void => void (now += n * 30_000);
let lab: IdentityLab;
beforeAll(async () => {
  lab = await openIdentityLab({ now: () => now });
});
afterAll(() => lab.close());

const phrase = "correct horse battery";
let count = 0;
/** An account with a pass phrase and an authenticator. */
async function guarded() {
  const name = `totp-${++count}`;
  const { id } = await lab.person(name);
  await lab.identity.keepPassPhrase(id, phrase);
  const { secret } = await lab.identity.factors.begin(id, name);
  const code = (step = 0): string => hotp(fromBase32(secret), stepOf(now) + step);
  const recovery = await lab.identity.factors.confirm(id, code());
  const signIn = (secondFactor?: string, passPhrase = phrase) => lab.identity.signIn({ name, passPhrase, secondFactor }, { address: "127.0.0.1" });
  return { id, name, code, recovery, signIn };
}

test("a code is asked for after the pass phrase, and never tells whether that was right", async () => {
  const { signIn, code } = await guarded();
  steps(1);
  expect(await codeOf(signIn())).toBe("secondFactorNeeded");
  expect(await codeOf(signIn(undefined, "wrong phrase"))).toBe("wrongCredentials");
  expect(await codeOf(signIn(code(), "wrong phrase"))).toBe("wrongCredentials");
  const { account, token } = await signIn(code());
  expect(account).toMatchObject({ hasTotp: true });
  const caller = await lab.identity.caller(token);
  expect((await lab.identity.tokens.sessions(caller, account.id))[0]).toMatchObject({ by: "passPhrase+totp" });
});

test("a code is good once, of many at the same moment one gets in, and an older one is not good after a newer", async () => {
  const { signIn, code } = await guarded();
  expect(await codeOf(signIn(code()))).toBe("wrongCredentials"); // used to confirm
  steps(20); // what was wrong is forgiven
  const results = await Promise.all(Array.from({ length: 4 }, () => codeOf(signIn(code()))));
  expect(results.filter((each) => each === "none")).toHaveLength(1);
  steps(1);
  expect(await codeOf(signIn(code(-1)))).toBe("wrongCredentials");
  expect(await codeOf(signIn(code(1)))).toBe("none"); // a clock that goes before
  expect(await codeOf(signIn(code()))).toBe("wrongCredentials");
});

test("a recovery code is good once, and only for its account", async () => {
  const one = await guarded();
  const two = await guarded();
  expect(one.recovery).toHaveLength(10);
  expect(new Set(one.recovery).size).toBe(10);
  expect(await codeOf(two.signIn(one.recovery[0]))).toBe("wrongCredentials");
  expect(await codeOf(one.signIn(one.recovery[0]!.toLowerCase().replaceAll("-", " ")))).toBe("none");
  expect(await codeOf(one.signIn(one.recovery[0]))).toBe("wrongCredentials");
  const fresh = await lab.identity.factors.renew(one.id, one.recovery[1]!);
  expect(await codeOf(one.signIn(one.recovery[2]))).toBe("wrongCredentials");
  expect(await codeOf(one.signIn(fresh[0]))).toBe("none");
});

test("guessing codes is slowed, and a right one waits for it too", async () => {
  const { signIn, code } = await guarded();
  steps(2);
  const wrong = code() === "000000" ? "000001" : "000000";
  for (let i = 0; i < 5; i++) expect(await codeOf(signIn(wrong))).toBe("wrongCredentials");
  expect(await codeOf(signIn(wrong))).toBe("rateLimited");
  expect(await codeOf(signIn(code()))).toBe("rateLimited");
  steps(4);
  expect(await codeOf(signIn(code()))).toBe("none");
});

test("a clock that was a year ahead locks nobody out until then", async () => {
  const { signIn, code } = await guarded();
  now += 365 * 86_400_000;
  expect(await codeOf(signIn(code()))).toBe("none");
  now -= 365 * 86_400_000 - 60_000;
  expect(await codeOf(signIn(code()))).toBe("none");
  expect(await codeOf(signIn(code()))).toBe("wrongCredentials"); // still once
});

test("it counts when confirmed only, is not replaced by who holds a session, and is taken away by a code", async () => {
  const { id } = await lab.person("careful");
  const { factors } = lab.identity;
  await lab.identity.keepPassPhrase(id, phrase);
  const first = await factors.begin(id, "careful");
  const second = await factors.begin(id, "careful"); // the first never arrived
  expect(second.secret).not.toBe(first.secret);
  expect(await factors.wanted(id)).toBe(false);
  expect(await codeOf(factors.confirm(id, hotp(fromBase32(first.secret), stepOf(now))))).toBe("wrongCredentials");
  await factors.confirm(id, hotp(fromBase32(second.secret), stepOf(now)));
  expect(await codeOf(factors.begin(id, "careful"))).toBe("conflict");
  expect(await codeOf(factors.confirm(id, "123456"))).toBe("conflict");
  expect(await codeOf(factors.disable(id, "123456"))).toBe("wrongCredentials");
  steps(1);
  await factors.disable(id, hotp(fromBase32(second.secret), stepOf(now)));
  expect(await factors.wanted(id)).toBe(false);
  expect(await codeOf(factors.disable(id, undefined))).toBe("conflict");
});

test("secrets and codes are neither in the store nor in the log", async () => {
  const { secret } = await lab.identity.factors.begin((await lab.person("plain")).id, "plain");
  const { rows } = await lab.store.pool.query("select encode(sealed, 'escape') as a from totp");
  expect(JSON.stringify(rows)).not.toContain(fromBase32(secret).toString("base64"));
  expect(JSON.stringify(rows)).not.toContain(secret);
  expect(lab.logged()).not.toContain(phrase);
});
