import { readFile, writeFile } from "node:fs/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf, openIdentityLab, type IdentityLab } from "../lab/identityLab.ts";
import { until } from "../lab/until.ts";
import type { Store } from "../store/openStore.ts";
import { Identity } from "./identity.ts";
import { keepLocalToken } from "./localToken.ts";
import type { From } from "./signInThrottle.ts";
import type { Caller } from "./tokenCache.ts";

const log = pino({ level: "silent" });
const here: From = { address: "127.0.0.1" };
let lab: IdentityLab;
let folder: string;
let store: Store;
let identity: Identity;
let admin: Caller;
beforeAll(async () => {
  lab = await openIdentityLab();
  ({ folder, store, identity, admin } = lab);
});
afterAll(() => lab.close());

test("there is one administrator, however often and at once it is opened", async () => {
  const more = await Promise.all(Array.from({ length: 5 }, () => Identity.open(store, log, lab.secrets)));
  expect(await store.db.selectFrom("account").select("name").execute()).toEqual([{ name: "admin" }]);
  await Promise.all(more.map((each) => each.close()));
});

describe("one-time codes", () => {
  test("of many who send one at the same moment, one comes in", async () => {
    const { code } = await identity.makeCode(admin);
    // Each from an address of its own, so that nothing but the code decides.
    const results = await Promise.all(Array.from({ length: 8 }, (_, i) => codeOf(identity.signIn({ code }, { address: `192.0.2.${i + 1}` }))));
    expect(results.filter((each) => each === "none")).toHaveLength(1);
    expect(results.filter((each) => each === "wrongCredentials")).toHaveLength(7);
  });

  test("do not outlive their time, and an account has at most ten", async () => {
    const { code } = await identity.makeCode(admin);
    await store.db
      .updateTable("sign_in_code")
      .set({ expires_at: new Date(Date.now() - 1) })
      .execute();
    expect(await codeOf(identity.signIn({ code }, { address: "192.0.2.20" }))).toBe("wrongCredentials");
    const codes: string[] = [];
    for (let i = 0; i < 12; i++) codes.push((await identity.makeCode(admin)).code);
    const { n } = await store.db
      .selectFrom("sign_in_code")
      .select((eb) => eb.fn.countAll().as("n"))
      .executeTakeFirstOrThrow();
    expect(Number(n)).toBe(10);
    expect(await codeOf(identity.signIn({ code: codes.at(-1)! }, { address: "192.0.2.21" }))).toBe("none");
  });

  test("are not in the store, and neither are tokens", async () => {
    const { code } = await identity.makeCode(admin);
    const { token } = await identity.makeToken(admin, { name: "t" });
    const { rows } = await store.pool.query("select encode(hash, 'escape') as h from sign_in_code union all select encode(hash, 'escape') from token");
    expect(JSON.stringify(rows)).not.toContain(code.replace(/-/g, ""));
    expect(JSON.stringify(rows)).not.toContain(token.slice(3));
  });
});

describe("pass phrases", () => {
  const phrase = "p\u00e4ssw\u00f6rter \u{1f512} ";

  test("a new one ends the other sessions, keeps the tokens, and needs the one before", async () => {
    const enter = async (): Promise<string> => (await identity.signIn({ code: (await identity.makeCode(admin)).code }, here)).token;
    const [mine, other] = [await enter(), await enter()];
    const { token } = await identity.makeToken(admin, { name: "robot" });
    await identity.setPassPhrase(await identity.caller(mine), undefined, phrase);
    expect((await identity.caller(mine)).account).toBe("admin");
    expect((await identity.caller(token)).use).toBe("api");
    expect(await codeOf(identity.caller(other))).toBe("notSignedIn");
    expect(await codeOf(identity.setPassPhrase(await identity.caller(mine), undefined, "another one"))).toBe("wrongCredentials");
    expect(await codeOf(identity.setPassPhrase(await identity.caller(mine), "wrong one", "another one"))).toBe("wrongCredentials");
    expect((await identity.signIn({ name: "admin", passPhrase: phrase.normalize("NFD") }, here)).account).toMatchObject({
      name: "admin",
      hasPassPhrase: true,
    });
    expect(await codeOf(identity.signIn({ name: "admin", passPhrase: phrase.trim() }, here))).toBe("wrongCredentials");
    expect(await codeOf(identity.signIn({ name: "Admin", passPhrase: phrase }, here))).toBe("wrongCredentials");
    expect(await codeOf(identity.signIn({ name: "nobody", passPhrase: phrase }, here))).toBe("wrongCredentials");
  });

  test("guessing from many addresses wears down strangers only: not this machine, nor who was here before", async () => {
    const home: From = { address: "203.0.113.7" };
    const { device } = await identity.signIn({ name: "admin", passPhrase: phrase }, { address: "203.0.113.99" });
    await identity.signIn({ name: "admin", passPhrase: phrase }, home);
    const guess = (i: number): Promise<string> => codeOf(identity.signIn({ name: "admin", passPhrase: `guess ${i}` }, { address: `198.51.100.${i % 250}` }));
    const results: string[] = [];
    for (let i = 0; i < 60; i++) results.push(await guess(i));
    expect(results[0]).toBe("wrongCredentials");
    expect(results.at(-1)).toBe("rateLimited");
    const right = { name: "admin", passPhrase: phrase };
    expect(await codeOf(identity.signIn(right, { address: "192.0.2.200" }))).toBe("rateLimited"); // new there
    expect((await identity.signIn(right, here)).account.name).toBe("admin");
    expect((await identity.signIn(right, home)).account.name).toBe("admin");
    expect((await identity.signIn({ ...right, device }, { address: "192.0.2.201" })).account.name).toBe("admin");
    // A device of another account, or a forged one, is a stranger's.
    const { device: others } = await lab
      .person("eve")
      .then(({ id }) => identity.keepPassPhrase(id, phrase).then(() => identity.signIn({ name: "eve", passPhrase: phrase }, here)));
    for (const each of [others, `${device}A`, "AAAA"])
      expect(await codeOf(identity.signIn({ ...right, device: each }, { address: "192.0.2.202" }))).toBe("rateLimited");
    // What comes by a proxy on this machine is not this machine.
    expect(await codeOf(identity.signIn(right, { address: "127.0.0.1", passedOn: true }))).toBe("rateLimited");
    expect(await codeOf(identity.signIn({ ...right, device }, { address: "127.0.0.1", passedOn: true }))).toBe("none");
  });
});

describe("tokens", () => {
  test("end at their time", async () => {
    const { token } = await identity.makeToken(admin, { name: "short", expiresInSeconds: 60 });
    await identity.caller(token);
    await store.db
      .updateTable("token")
      .set({ expires_at: new Date(Date.now() + 40) })
      .where("name", "=", "short")
      .execute();
    const another = await Identity.open(store, log, lab.secrets); // which has not asked before
    await until("its end", async () => (await codeOf(another.caller(token))) === "notSignedIn");
    await another.close();
  });

  test("revoked on one server are refused on all", async () => {
    const another = await Identity.open(store, log, lab.secrets);
    const { token, id } = await identity.makeToken(admin, { name: "shared" });
    await another.caller(token);
    await identity.tokens.revoke(id, admin.accountId);
    expect(await codeOf(identity.caller(token))).toBe("notSignedIn");
    await until("that the other knows", async () => (await codeOf(another.caller(token))) === "notSignedIn", 5_000); // by being told: what it knows is good for longer
    expect(await codeOf(identity.tokens.revoke(id, admin.accountId))).toBe("notFound");
    await another.close();
  });

  test("remember when they were used, without a write for each use", async () => {
    const another = await Identity.open(store, log, lab.secrets);
    const { token, id } = await another.makeToken(admin, { name: "used" });
    for (let i = 0; i < 50; i++) await another.caller(token);
    expect((await identity.tokens.list(admin.accountId)).find((each) => each.id === id)?.lastUsedAt).toBeUndefined();
    await another.close();
    expect((await identity.tokens.list(admin.accountId)).find((each) => each.id === id)?.lastUsedAt).toBeDefined();
  });

  test("the local one is used again while it is good, and made anew when it is not", async () => {
    const file = `${folder}/local-token`;
    const read = async (): Promise<string> => (await readFile(file, "utf8")).trim();
    await keepLocalToken(folder, identity);
    const first = await read();
    await keepLocalToken(folder, identity);
    expect(await read()).toBe(first);
    const { tokenId, accountId } = await identity.caller(first);
    await identity.tokens.revoke(tokenId, accountId);
    await keepLocalToken(folder, identity);
    expect(await read()).not.toBe(first);
    await writeFile(file, "rubbish");
    await keepLocalToken(folder, identity);
    expect((await identity.caller(await read())).use).toBe("local");
  });
});
