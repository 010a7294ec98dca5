import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anywhere, codeOf, openIdentityLab, type IdentityLab } from "../lab/identityLab.ts";
import { startOpenidProvider, type LabOpenid } from "../lab/openidProvider.ts";
import { callbackPath } from "./browserSignIn.ts";
import type { OidcSettings } from "./providerSettings.ts";

const serverUrl = "http://127.0.0.1:8420";
const back = serverUrl + callbackPath;
let lab: IdentityLab;
let op: LabOpenid;
let settings: OidcSettings;
beforeAll(async () => {
  [lab, op] = await Promise.all([openIdentityLab(), startOpenidProvider([back])]);
  settings = {
    kind: "oidc",
    issuer: op.issuer,
    clientId: op.clientId,
    scopes: ["openid", "profile", "email"],
    nameClaim: "preferred_username",
    displayNameClaim: "name",
    groupsClaim: "groups",
    create: true,
    groups: [
      { from: "vm-admins", to: "operators" },
      { from: "auditors", to: "readers" },
    ],
  };
  await lab.identity.groups.create({ name: "operators" });
  await lab.identity.groups.create({ name: "readers" });
  await lab.identity.providers.put("keys", { settings, secret: op.clientSecret });
  op.people.set("u1", { sub: "u1", preferred_username: "admin", name: "Ada \u{1f512}", groups: ["vm-admins", "staff"] });
  op.people.set("u2", { sub: "u2", preferred_username: "Zo\u00eb M\u00fcller", name: "Zo\u00eb", groups: [] });
});
afterAll(async () => {
  await op.close();
  await lab.close();
});

/** What a program does that begins a sign-in. */
const program = () => {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
};
const begin = (challenge: string, returnTo?: string) => lab.identity.browser.begin("keys", { challenge, returnTo }, serverUrl);
async function walked(login: string, challenge: string): Promise<URLSearchParams> {
  return (await op.walk(await begin(challenge), login, back)).searchParams;
}

describe("a real OpenID provider", () => {
  test("vouches for a person, whose account is made, is in the groups that were mapped, and is nobody else's", async () => {
    const { verifier, challenge } = program();
    const { code } = await lab.identity.browser.finish(await walked("u1", challenge));
    const { account, token } = await lab.identity.signIn({ code, verifier }, anywhere());
    // Called `admin` there, and not admin here.
    expect(account).toMatchObject({ name: "admin@keys", source: "oidc", provider: "keys", displayName: "Ada \u{1f512}", hasPassPhrase: false });
    expect(account.groups).toMatchObject([{ name: "operators", via: "keys" }]);
    const caller = await lab.identity.caller(token);
    expect(caller.groups).toEqual([account.groups[0]!.id]);
    expect((await lab.identity.tokens.sessions(caller, account.id))[0]).toMatchObject({ by: "oidc:keys" });
    // What was given here stays; what the provider says is followed.
    await lab.identity.groups.add(lab.admin, "readers", account.id);
    op.people.get("u1")!.groups = ["auditors"];
    op.people.get("u1")!.preferred_username = "renamed";
    const again = program();
    const second = await lab.identity.browser.finish(await walked("u1", again.challenge));
    const { account: later } = await lab.identity.signIn({ code: second.code, verifier: again.verifier }, anywhere());
    expect(later.id).toBe(account.id);
    expect(later.name).toBe("admin@keys"); // for life
    expect(later.groups.map(({ name, via }) => `${name} ${via}`)).toEqual(["readers keys", "readers local"]);
    expect((await lab.identity.caller(token)).groups).toHaveLength(1); // at once
  });

  test("a name of any letters becomes one that is nobody else's", async () => {
    const { challenge, verifier } = program();
    const { code } = await lab.identity.browser.finish(await walked("u2", challenge));
    expect((await lab.identity.signIn({ code, verifier }, anywhere())).account.name).toBe("zo-m-ller@keys");
  });

  test("the code is for the program that began, and is good once", async () => {
    const [mine, theirs] = [program(), program()];
    const { code } = await lab.identity.browser.finish(await walked("u1", mine.challenge));
    expect(await codeOf(lab.identity.signIn({ code, verifier: theirs.verifier }, anywhere()))).toBe("wrongCredentials");
    expect(await codeOf(lab.identity.signIn({ code, verifier: mine.verifier }, anywhere()))).toBe("wrongCredentials"); // used up by the attempt
    const other = await lab.identity.browser.finish(await walked("u1", mine.challenge));
    expect(await codeOf(lab.identity.signIn({ code: other.code }, anywhere()))).toBe("wrongCredentials");
  });

  test("what the browser brings is good once, and is not made up", async () => {
    const { challenge } = program();
    const query = await walked("u1", challenge);
    const several = await Promise.all([1, 2, 3].map(() => codeOf(lab.identity.browser.finish(new URLSearchParams(query)))));
    expect(several.sort()).toEqual(["none", "wrongCredentials", "wrongCredentials"]);
    for (const state of ["", "AAAA", (await walked("u1", challenge)).get("state")!.slice(0, -2)])
      expect(await codeOf(lab.identity.browser.finish(new URLSearchParams({ code: "x", state })))).toBe("wrongCredentials");
    expect(await codeOf(lab.identity.browser.finish(new URLSearchParams()))).toBe("wrongCredentials");
    const fresh = await walked("u1", challenge);
    fresh.set("code", "made up");
    expect(await codeOf(lab.identity.browser.finish(fresh))).toBe("identityProviderFailed");
  });

  test("a code of one sign-in does not do for another: PKCE and nonce", async () => {
    const { challenge } = program();
    const [one, other] = [await walked("u1", challenge), await walked("u2", challenge)];
    one.set("code", other.get("code")!);
    expect(await codeOf(lab.identity.browser.finish(one))).toBe("identityProviderFailed");
  });

  test("who says no there does not come in, and what the provider says is not repeated blindly", async () => {
    const query = new URL(await begin(program().challenge)).searchParams;
    const refused = new URLSearchParams({ error: "access_denied", error_description: "<script>alert(1)</script>", state: query.get("state")!, iss: op.issuer });
    await expect(lab.identity.browser.finish(refused)).rejects.toMatchObject({
      code: "identityProviderFailed",
      detail: "the identity provider keys says access_denied",
    });
  });

  test("a disabled account stays out", async () => {
    const { challenge } = program();
    await lab.identity.accounts.change(lab.admin, "zo-m-ller@keys", { disabled: true });
    expect(await codeOf(lab.identity.browser.finish(await walked("u2", challenge)))).toBe("forbidden");
  });

  test("where no accounts are made a stranger stays out", async () => {
    await lab.identity.providers.put("keys", { settings: { ...settings, create: false } });
    op.people.set("u3", { sub: "u3", preferred_username: "new", name: "New", groups: [] });
    expect(await codeOf(lab.identity.browser.finish(await walked("u3", program().challenge)))).toBe("forbidden");
    await lab.identity.providers.put("keys", { settings });
  });

  test("settings that change, a provider that is off, and one that is removed end what was begun", async () => {
    const { providers, browser } = lab.identity;
    const { challenge } = program();
    const query = await walked("u1", challenge);
    await providers.put("keys", { settings });
    expect(await codeOf(browser.finish(query))).toBe("wrongCredentials");
    await providers.put("keys", { settings, enabled: false });
    expect(await codeOf(begin(challenge))).toBe("notFound");
    await providers.put("keys", { settings });
  });

  test("the browser returns to this server or this machine only", async () => {
    const { challenge } = program();
    for (const evil of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "http://127.0.0.1.evil.example:1/",
      "http://user@127.0.0.1:1/",
      "http://127.0.0.1/",
      "javascript:1",
      "/a#b",
    ])
      expect(await codeOf(begin(challenge, evil)), evil).toBe("badRequest");
    for (const good of ["/console", "http://127.0.0.1:33221/done", "http://[::1]:33221/", "http://localhost:33221/x?y=z"])
      expect(await codeOf(begin(challenge, good)), good).toBe("none");
  });
});

describe("settings", () => {
  test("a secret is kept sealed, is never shown, and does not go to another address", async () => {
    const { providers } = lab.identity;
    expect(JSON.stringify(await providers.list())).not.toContain(op.clientSecret);
    const { rows } = await lab.store.pool.query("select encode(sealed, 'escape') as a, config::text from identity_provider");
    expect(JSON.stringify(rows)).not.toContain(op.clientSecret);
    expect(await providers.put("keys", { settings })).toMatchObject({ hasSecret: true }); // kept
    expect(await codeOf(providers.put("keys", { settings: { ...settings, issuer: "https://evil.example" } }))).toBe("badRequest");
    expect(await codeOf(providers.put("keys", { settings: { ...settings, issuer: "http://192.0.2.1/" }, secret: "x" }))).toBe("badRequest"); // not https
    const { revision } = await providers.find("keys");
    expect(await codeOf(providers.put("keys", { settings }, revision - 1))).toBe("changedMeanwhile");
  });

  test("a trial says what works, and what is wrong with the remedy", async () => {
    const { providers } = lab.identity;
    const redirect = (): string => back;
    expect(await providers.trial("keys", redirect)).toMatchObject({ ok: true });
    await providers.put("other", { settings: { ...settings, issuer: "http://127.0.0.1:1" } });
    expect(await providers.trial("other", redirect)).toMatchObject({
      ok: false,
      steps: [
        {
          what: "discovery",
          ok: false,
          detail: expect.stringContaining("nothing listens at 127.0.0.1:1") as string,
          remedy: expect.stringContaining("Start the provider") as string,
        },
      ],
    });
    await providers.put("other", { settings: { ...settings, issuer: `${op.issuer}/elsewhere` } });
    expect(await providers.trial("other", redirect)).toMatchObject({ ok: false });
    await providers.put("other", { settings: { ...settings, scopes: ["openid", "unheard-of"] } });
    const { steps } = await providers.trial("other", redirect);
    expect(steps.find((each) => each.what === "scopes")).toMatchObject({ ok: false, detail: "unheard-of is not offered" });
    // A wrong client secret is seen when somebody signs in.
    await providers.put("other", { settings, secret: "wrong" });
    const query = (await op.walk(await lab.identity.browser.begin("other", { challenge: program().challenge }, serverUrl), "u1", back)).searchParams;
    await expect(lab.identity.browser.finish(query)).rejects.toMatchObject({
      code: "identityProviderFailed",
      remedy: expect.stringContaining("id and secret") as string,
    });
    await providers.remove("other");
  });
});

test("nothing secret was logged", () => {
  expect(lab.logged()).not.toContain(op.clientSecret);
  expect(lab.logged()).not.toMatch(/pv_[A-Za-z0-9_-]{43}|eyJ/);
});
