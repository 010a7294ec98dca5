import { afterAll, beforeAll, expect, test } from "vitest";
import { anywhere, codeOf, openIdentityLab, type IdentityLab } from "../lab/identityLab.ts";
import { SoftAuthenticator, type Lies } from "../lab/softAuthenticator.ts";
import { relyingParty, type RelyingParty } from "./passkeys.ts";

const party: RelyingParty = { id: "polyvisor.example", origin: "https://polyvisor.example" };
let lab: IdentityLab;
beforeAll(async () => {
  lab = await openIdentityLab();
});
afterAll(() => lab.close());

let count = 0;
async function keyed() {
  const { id } = await lab.person(`key-${++count}`);
  const account = await lab.identity.accounts.find(id);
  const key = new SoftAuthenticator(party.origin);
  const { options, handle } = await lab.identity.passkeys.beginRegistration(account, party);
  await lab.identity.passkeys.register(id, "laptop", handle, key.register(options));
  const enter = async (lies: Lies = {}) => {
    const begun = await lab.identity.passkeys.beginSignIn(party);
    return lab.identity.signIn({ passkey: key.signIn(begun.options, lies), handle: begun.handle }, anywhere());
  };
  return { id, account, key, enter };
}

test("a passkey signs in without a name, and is two factors: no code is asked for", async () => {
  const { id, enter } = await keyed();
  await lab.store.db
    .insertInto("totp")
    .values({ account_id: id, sealed: Buffer.alloc(0), confirmed_at: new Date() })
    .execute();
  const { account, token } = await enter();
  expect(account).toMatchObject({ id, passkeys: 1 });
  expect((await lab.identity.tokens.sessions(await lab.identity.caller(token), id))[0]).toMatchObject({ by: "passkey" });
  expect((await lab.identity.passkeys.list(id))[0]).toMatchObject({ name: "laptop", lastUsedAt: expect.any(String) as string });
});

test.each<[string, Lies]>([
  ["of another origin", { origin: "https://polyvisor.example.evil" }],
  ["of another port", { origin: "https://polyvisor.example:8443" }],
  ["for another server", { rpId: "evil.example" }],
  ["to another challenge", { challenge: "AAAAAAAAAAAAAAAAAAAAAA" }],
  ["of a registration", { type: "webauthn.create" }],
  ["without its owner's PIN", { userVerified: false }],
  ["signed by another key", { forged: true }],
])("an answer %s is refused", async (_, lies) => {
  const { enter } = await keyed();
  expect(await codeOf(enter(lies))).toBe("wrongCredentials");
  expect(await codeOf(enter())).toBe("none");
});

test("an answer is good once, and a counter never goes back: that is a copied key", async () => {
  const { key, enter } = await keyed();
  const begun = await lab.identity.passkeys.beginSignIn(party);
  const answer = { passkey: key.signIn(begun.options, { counter: 40 }), handle: begun.handle };
  const results = await Promise.all([1, 2, 3].map(() => codeOf(lab.identity.signIn(answer, anywhere()))));
  expect(results.sort()).toEqual(["none", "wrongCredentials", "wrongCredentials"]);
  expect(await codeOf(enter({ counter: 40 }))).toBe("wrongCredentials");
  expect(await codeOf(enter({ counter: 39 }))).toBe("wrongCredentials");
  expect(await codeOf(enter({ counter: 41 }))).toBe("none");
});

test("handles are for one purpose, one account, and until their end", async () => {
  const { id, account } = await keyed();
  const { passkeys } = lab.identity;
  const key = new SoftAuthenticator(party.origin);
  const begun = await passkeys.beginRegistration(account, party);
  const { id: stranger } = await lab.person("stranger");
  expect(await codeOf(passkeys.register(stranger, "x", begun.handle, key.register(begun.options)))).toBe("wrongCredentials");
  expect(await codeOf(passkeys.register(id, "x", begun.handle, key.register(begun.options)))).toBe("wrongCredentials"); // used up
  const again = await passkeys.beginRegistration(account, party);
  const signing = await passkeys.beginSignIn(party);
  expect(await codeOf(passkeys.register(id, "x", signing.handle, key.register(again.options)))).toBe("wrongCredentials");
  for (const forged of ["", "AAAA", `${again.handle.slice(0, -4)}AAAA`, "x".repeat(9_000)])
    expect(await codeOf(passkeys.register(id, "x", forged, key.register(again.options)))).toBe("wrongCredentials");
  expect(await codeOf(passkeys.register(id, "x", again.handle, key.register(again.options, { userVerified: false })))).toBe("wrongCredentials");
});

test("rubbish in place of an answer is refused and is no fault of ours", async () => {
  const { key } = await keyed();
  for (const passkey of [
    {},
    { id: 5 },
    { id: Buffer.from(key.id).toString("base64url") },
    { id: Buffer.from(key.id).toString("base64url"), response: { clientDataJSON: "!" } },
  ]) {
    const { handle } = await lab.identity.passkeys.beginSignIn(party);
    expect(await codeOf(lab.identity.signIn({ passkey, handle }, anywhere()))).toBe("wrongCredentials");
  }
});

test("a disabled account and a removed key come in no more; what begins a sign-in tells of no account", async () => {
  const { id, key, account, enter } = await keyed();
  expect(JSON.stringify(await lab.identity.passkeys.beginSignIn(party))).not.toContain('allowCredentials":[{');
  await lab.identity.accounts.change(lab.admin, id, { disabled: true });
  expect(await codeOf(enter())).toBe("wrongCredentials");
  await lab.identity.accounts.change(lab.admin, id, { disabled: false });
  const { options } = await lab.identity.passkeys.beginRegistration(account, party);
  expect(JSON.stringify(options)).toContain(Buffer.from(key.id).toString("base64url")); // not registered twice
  const keyId = Buffer.from(key.id).toString("base64url");
  const { id: stranger } = await lab.person("thief");
  expect(await codeOf(lab.identity.passkeys.remove(stranger, keyId))).toBe("notFound");
  await lab.identity.passkeys.remove(id, keyId);
  expect(await codeOf(enter())).toBe("wrongCredentials");
});

test("the relying party is the name by which the browser sees this server, if it is one of ours", () => {
  expect(relyingParty("https://pv.example", "http://127.0.0.1:8420", ["pv.example"])).toEqual({ id: "pv.example", origin: "https://pv.example" });
  expect(relyingParty("http://localhost:8420", "http://127.0.0.1:8420", [])).toEqual({ id: "localhost", origin: "http://localhost:8420" });
  expect(relyingParty(undefined, "http://127.0.0.1:8420", [])).toEqual({ id: "localhost", origin: "http://localhost:8420" });
  for (const evil of ["https://evil.example", "https://pv.example.evil.example", "https://xpv.example"])
    expect(() => relyingParty(evil, "http://127.0.0.1:8420", ["pv.example"])).toThrow(/not known by the name/);
  expect(() => relyingParty("http://192.0.2.1:8420", "http://192.0.2.1:8420", [])).toThrow(/for names/);
});
