import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf, openIdentityLab, type IdentityLab } from "../lab/identityLab.ts";
import { until } from "../lab/until.ts";
import { administratorsId } from "./administrators.ts";
import type { Caller } from "./tokenCache.ts";

let lab: IdentityLab;
let admin: Caller;
beforeAll(async () => {
  lab = await openIdentityLab();
  ({ admin } = lab);
});
afterAll(() => lab.close());
const here = { address: "127.0.0.1" };

describe("accounts", () => {
  test("are made, shown, paged and removed; a name is taken once", async () => {
    const { accounts } = lab.identity;
    const made = await accounts.create(admin, { name: "p-1", displayName: "P \u{1f512}" });
    expect(made).toMatchObject({ name: "p-1", displayName: "P \u{1f512}", source: "local", disabled: false, hasPassPhrase: false, groups: [] });
    expect(await codeOf(accounts.create(admin, { name: "p-1" }))).toBe("nameTaken");
    const same = await Promise.all(Array.from({ length: 5 }, () => codeOf(accounts.create(admin, { name: "p-2" }))));
    expect(same.filter((each) => each === "none")).toHaveLength(1);
    expect(await codeOf(accounts.create(admin, { name: "p-3", groups: ["no such group"] }))).toBe("notFound");
    expect(await codeOf(accounts.find("p-3"))).toBe("notFound"); // all or nothing
    const names: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await accounts.page({ limit: 2, after });
      names.push(...page.items.map((each) => each.name));
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(names).toEqual(["admin", "p-1", "p-2"]);
    expect(await accounts.find(made.id)).toEqual(await accounts.find("p-1"));
    await accounts.remove(admin, "p-1");
    expect(await codeOf(accounts.find(made.id))).toBe("notFound");
  });

  test("a disabled one is out at once, on every server, and comes back with its API tokens only", async () => {
    const { identity } = lab;
    const another = await lab.another();
    const { id, session, caller } = await lab.person("dora");
    const api = await identity.makeToken(caller, { name: "robot" });
    await another.caller(session.token);
    const { code } = await identity.codes.make(id);
    await identity.accounts.change(admin, "dora", { disabled: true });
    for (const token of [session.token, api.token]) expect(await codeOf(identity.caller(token))).toBe("notSignedIn");
    await until("that the other knows", async () => (await codeOf(another.caller(session.token))) === "notSignedIn", 5_000);
    expect(await codeOf(identity.signIn({ code }, here))).toBe("wrongCredentials");
    await identity.keepPassPhrase(id, "a pass phrase");
    expect(await codeOf(identity.signIn({ name: "dora", passPhrase: "a pass phrase" }, here))).toBe("wrongCredentials");
    await identity.accounts.change(admin, "dora", { disabled: false });
    expect(await codeOf(identity.caller(session.token))).toBe("notSignedIn");
    expect((await identity.caller(api.token)).account).toBe("dora");
  });

  test("two who change one at the same time do not overwrite each other", async () => {
    const { revision } = await lab.identity.accounts.create(admin, { name: "rev" });
    await lab.identity.accounts.change(admin, "rev", { displayName: "one" }, revision);
    expect(await codeOf(lab.identity.accounts.change(admin, "rev", { displayName: "two" }, revision))).toBe("changedMeanwhile");
  });
});

describe("the last administrator", () => {
  test("is not disabled, removed or taken out, not even by two at once", async () => {
    const { accounts, groups } = lab.identity;
    expect(await codeOf(accounts.change(admin, "admin", { disabled: true }))).toBe("conflict");
    expect(await codeOf(accounts.remove(admin, "admin"))).toBe("conflict");
    expect(await codeOf(groups.takeOut(admin, "administrators", "admin"))).toBe("conflict");
    expect(await codeOf(groups.remove("administrators"))).toBe("conflict");
    expect(await codeOf(groups.change("administrators", { name: "mine" }))).toBe("conflict");
    await accounts.create(admin, { name: "second", groups: ["administrators"] });
    const both = await Promise.all([codeOf(accounts.change(admin, "admin", { disabled: true })), codeOf(accounts.change(admin, "second", { disabled: true }))]);
    expect(both.sort()).toEqual(["conflict", "none"]);
    for (const name of ["admin", "second"]) await accounts.change(admin, name, { disabled: false }); // by this machine, whoever is disabled
    await accounts.change(admin, "admin", { disabled: true });
    // The way in on the server's own machine is open all the same.
    expect((await lab.identity.caller(await lab.identity.makeLocalToken("again"))).use).toBe("local");
    await accounts.change(admin, "admin", { disabled: false });
    await accounts.remove(admin, "second");
  });

  test("is not one whom an identity provider vouches for", async () => {
    await lab.store.db
      .insertInto("account")
      .values({ id: "a-external", name: "boss@corp", source: "oidc", provider: "corp", external_id: "1", pass_phrase_hash: null })
      .execute();
    await lab.store.db.insertInto("membership").values({ account_id: "a-external", group_id: administratorsId, via: "corp" }).execute();
    expect(await codeOf(lab.identity.accounts.change(admin, "admin", { disabled: true }))).toBe("conflict");
    expect(await codeOf(lab.identity.groups.takeOut(admin, "administrators", "boss@corp"))).toBe("conflict"); // the provider says so
    await lab.identity.accounts.remove(admin, "boss@corp");
  });

  test("nobody but an administrator makes or changes one", async () => {
    const { caller } = await lab.person("mallory");
    const { accounts, groups } = lab.identity;
    expect(await codeOf(groups.add(caller, "administrators", "mallory"))).toBe("forbidden");
    expect(await codeOf(accounts.create(caller, { name: "m2", groups: ["administrators"] }))).toBe("forbidden");
    expect(await codeOf(accounts.guarded(caller, "admin"))).toBe("forbidden");
    expect(await codeOf(accounts.change(caller, "admin", { displayName: "x" }))).toBe("forbidden");
  });
});

describe("groups", () => {
  test("reach the caller at once, and leave at once", async () => {
    const { identity } = lab;
    const { session } = await lab.person("gina");
    const group = await identity.groups.create({ name: "Nachtschicht \u00e4" });
    await identity.groups.add(admin, group.id, "gina");
    await identity.groups.add(admin, group.name, "gina"); // again changes nothing
    expect((await identity.caller(session.token)).groups).toEqual([group.id]);
    expect(await identity.groups.members(group.id)).toMatchObject([{ name: "gina", via: "local" }]);
    expect(await codeOf(identity.groups.create({ name: group.name }))).toBe("nameTaken");
    await identity.groups.create({ name: "taken" });
    expect(await codeOf(identity.groups.change(group.id, { name: "taken" }))).toBe("nameTaken");
    expect(await codeOf(identity.groups.takeOut(admin, "taken", "gina"))).toBe("notFound");
    await identity.groups.remove(group.id);
    expect((await identity.caller(session.token)).groups).toEqual([]);
  });
});

describe("tokens with a scope", () => {
  test("say what they may, and make nothing that reaches further", async () => {
    const { identity } = lab;
    const { caller } = await lab.person("toni");
    const scope = { may: "read" as const, filter: "tag = web" };
    const made = await identity.makeToken(caller, { name: "reader", scope, expiresInSeconds: 60 });
    const narrowed = await identity.caller(made.token);
    expect(narrowed.scope).toEqual(scope);
    expect(await identity.tokens.list(caller.accountId)).toMatchObject([{ name: "reader", scope }]);
    expect(await codeOf(identity.makeToken(narrowed, { name: "wider" }))).toBe("forbidden");
    expect(await codeOf(identity.makeCode(narrowed))).toBe("forbidden");
    expect(await codeOf(identity.setPassPhrase(narrowed, undefined, "a pass phrase"))).toBe("forbidden");
  });
});

describe("sessions", () => {
  test("are seen with where and how, by whom they belong to, and end when told", async () => {
    const { identity } = lab;
    const { id } = await identity.accounts.create(admin, { name: "sam" });
    const enter = (address: string) => identity.codes.make(id).then(({ code }) => identity.signIn({ code }, { address, client: "Browser\u0007 1" }));
    const [first, second] = [await enter("192.0.2.1"), await enter("192.0.2.2")];
    const caller = await identity.caller(first.token, "192.0.2.50");
    const mine = await identity.tokens.sessions(caller, id);
    expect(mine.map(({ account, by, address, client, current }) => ({ account, by, address, client, current }))).toEqual([
      { account: "sam", by: "code", address: "192.0.2.2", client: "Browser  1", current: false },
      { account: "sam", by: "code", address: "192.0.2.1", client: "Browser  1", current: true },
    ]);
    const other = mine.find((each) => !each.current)!;
    const { caller: stranger } = await lab.person("nosy");
    expect(await codeOf(identity.tokens.revoke(other.id, stranger.accountId, "session"))).toBe("notFound"); // as for one that is not there
    await identity.tokens.revoke(other.id, undefined, "session");
    expect(await codeOf(identity.caller(second.token))).toBe("notSignedIn");
    const { id: token } = await identity.makeToken(caller, { name: "api" });
    expect(await codeOf(identity.tokens.revoke(token, id, "session"))).toBe("notFound"); // a token is no session
    expect((await identity.tokens.sessions(caller)).length).toBeGreaterThan(1); // everybody's
    await identity.endSession(caller);
    expect(await codeOf(identity.caller(first.token))).toBe("notSignedIn"); // replayed
  });

  test("are forged in vain", async () => {
    const { session } = await lab.person("fay");
    const { token } = session;
    const flipped = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    for (const each of [flipped, token.slice(0, -1), `${token}A`, token.toLowerCase(), "", "pv_", `pv_${"A".repeat(43)}`, `${token}\n`])
      expect(await codeOf(lab.identity.caller(each)), each).toBe("notSignedIn");
  });

  test("end at their time, whatever is remembered", async () => {
    const { session, id } = await lab.person("eva");
    await lab.store.db
      .updateTable("token")
      .set({ expires_at: new Date(0) })
      .where("account_id", "=", id)
      .execute();
    const another = await lab.another();
    expect(await codeOf(another.caller(session.token))).toBe("notSignedIn");
  });
});

test("taking all credentials away leaves no way in but the API tokens, which are revoked by themselves", async () => {
  const { identity } = lab;
  const { id, session, caller } = await lab.person("lost");
  await identity.keepPassPhrase(id, "a pass phrase");
  const { code } = await identity.codes.make(id);
  const { token } = await identity.makeToken(caller, { name: "robot" });
  await identity.takeCredentials(id);
  expect(await codeOf(identity.caller(session.token))).toBe("notSignedIn");
  expect(await codeOf(identity.signIn({ code }, here))).toBe("wrongCredentials");
  expect(await codeOf(identity.signIn({ name: "lost", passPhrase: "a pass phrase" }, here))).toBe("wrongCredentials");
  expect((await identity.caller(token)).account).toBe("lost");
});

test("nothing secret was logged", () => {
  expect(lab.logged()).toMatch(/signed in/);
  expect(lab.logged()).not.toMatch(/pv_[A-Za-z0-9_-]{43}/);
  expect(lab.logged()).not.toMatch(/a pass phrase/);
  expect(lab.logged()).not.toMatch(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
});
