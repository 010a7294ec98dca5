import { createHash, randomBytes } from "node:crypto";
import { apiBase } from "@polyvisor/api";
import type { Client } from "@polyvisor/api/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callbackPath } from "../identity/browserSignIn.ts";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { startOpenidProvider, type LabOpenid } from "../lab/openidProvider.ts";
import { until } from "../lab/until.ts";
import { SoftAuthenticator } from "../lab/softAuthenticator.ts";

let lab: LabServer;
let op: LabOpenid;
beforeAll(async () => {
  lab = await startLabServer();
  op = await startOpenidProvider([lab.url + callbackPath]);
  op.people.set("u1", { sub: "u1", preferred_username: "ada", name: "Ada", groups: [] });
  await lab.client.call("identityProviderPut", {
    params: { id: "keys" },
    body: { settings: { kind: "oidc", issuer: op.issuer, clientId: op.clientId }, secret: op.clientSecret },
  });
});
afterAll(async () => {
  await op.close();
  await lab.close();
});

const problem = (code: string) => ({ problem: { code } });
/** A new account that came in by its code. */
async function person(name: string): Promise<Client> {
  await lab.client.call("accountCreate", { body: { name } });
  const { code } = await lab.client.call("accountCode", { params: { id: name } });
  return lab.as((await lab.as(undefined).call("sessionCreate", { body: { code } })).token);
}

describe("a sign-in in a browser", () => {
  const begin = async (returnTo?: string) => {
    const verifier = randomBytes(32).toString("base64url");
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const { url } = await lab.as(undefined).call("signInBegin", { params: { id: "keys" }, body: { challenge, ...(returnTo ? { returnTo } : {}) } });
    const back = await op.walk(url, "u1", lab.url);
    return { verifier, answer: await fetch(back, { redirect: "manual" }), back };
  };

  test("ends at a page with the code, which the program takes", async () => {
    expect(await lab.as(undefined).call("signInWays")).toEqual({ providers: [{ name: "keys", kind: "oidc" }] });
    const { verifier, answer, back } = await begin();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    const code = /<pre>([^<]+)<\/pre>/.exec(await answer.text())![1]!;
    const { account, token } = await lab.as(undefined).call("sessionCreate", { body: { code, verifier } });
    expect(account.name).toBe("ada@keys");
    expect((await lab.as(token).call("accountGet")).groups).toEqual([]);
    // The same once more is a page that says why not.
    const again = await fetch(back, { redirect: "manual" });
    expect(again.status).toBe(401);
    expect(again.headers.get("content-type")).toMatch(/^text\/html/);
    expect(await again.text()).toContain("Begin again.");
  });

  test("brings the code to a program that listens, or to a page of this server's behind the #", async () => {
    const program = await begin("http://127.0.0.1:9/here?x=1");
    expect(program.answer.status).toBe(303);
    expect(program.answer.headers.get("location")).toMatch(/^http:\/\/127\.0\.0\.1:9\/here\?x=1&code=[0-9A-Z-]{14}$/);
    expect((await begin("/console")).answer.headers.get("location")).toMatch(/^\/console#sign-in=[0-9A-Z-]{14}$/);
  });

  test("is told of in the audit log, also when it fails; and so is who was put into a group", async () => {
    const { back } = await begin();
    await fetch(back, { redirect: "manual" }); // the same once more
    await person("mia");
    await lab.client.call("groupCreate", { body: { name: "night" } });
    await lab.client.call("memberAdd", { params: { id: "night", account: "mia" } });
    await lab.client.call("memberRemove", { params: { id: "night", account: "mia" } });
    const entries = await until("the audit log has all of it", async () => {
      const items = (await lab.client.call("auditLogList", { query: { limit: 100 } })).items.map((line) => line.entry);
      return items.some((each) => each.action === "signInCallback" && each.outcome === "refused") && items;
    });
    expect(entries).toContainEqual(
      expect.objectContaining({ action: "signInCallback", outcome: "done", by: "ada@keys", from: "127.0.0.1", details: { provider: "keys" } }),
    );
    expect(entries).toContainEqual(expect.objectContaining({ action: "signInCallback", outcome: "refused", code: "wrongCredentials", from: "127.0.0.1" }));
    for (const action of ["memberAdd", "memberRemove"])
      expect(entries).toContainEqual(expect.objectContaining({ action, outcome: "done", by: "admin", details: { account: "mia" } }));
    expect(JSON.stringify(entries)).not.toContain(new URL(back).searchParams.get("code"));
  });

  test("shows what a provider says without trusting it", async () => {
    const answer = await fetch(`${lab.url}${callbackPath}?error=%3Cscript%3E&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=%3Cscript%3E&state=2`);
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain("<script");
  });
});

test("a passkey over HTTP is for the name in Origin, when it is this server's", async () => {
  const alice = await person("alice");
  const origin = lab.url.replace("127.0.0.1", "localhost");
  const token = (await alice.call("tokenCreate", { body: { name: "t" } })).token;
  const post = async (path: string, from: string, body?: object) => {
    const answer = await fetch(`${lab.url}${apiBase}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, origin: from, ...(body ? { "content-type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : null,
    });
    return { status: answer.status, body: (await answer.json()) as { options: object; handle: string; account?: { name: string } } };
  };
  expect((await post("/sign-in/passkey", "https://evil.example")).status).toBe(403);
  const key = new SoftAuthenticator(origin);
  const made = await post("/account/passkeys/options", origin);
  expect((await post("/account/passkeys", origin, { name: "laptop", handle: made.body.handle, passkey: key.register(made.body.options) })).status).toBe(201);
  const begun = await post("/sign-in/passkey", origin);
  const entered = await post("/sessions", origin, { handle: begun.body.handle, passkey: key.signIn(begun.body.options) });
  expect(entered).toMatchObject({ status: 201, body: { account: { name: "alice" } } });
  const [first] = (await alice.call("passkeyList")).items;
  await alice.call("passkeyRemove", { params: { id: first!.id } });
});

test("who administers nothing sees and changes only what is his own", async () => {
  const bob = await person("bob");
  const id = "admin";
  const settings = { kind: "ldap" as const, urls: ["ldaps://127.0.0.1:1"], baseDn: "dc=x" };
  const forbidden = [
    () => bob.call("accountList"),
    () => bob.call("accountShow", { params: { id } }),
    () => bob.call("accountCreate", { body: { name: "x" } }),
    () => bob.call("accountChange", { params: { id }, body: { disabled: true } }),
    () => bob.call("accountRemove", { params: { id } }),
    () => bob.call("accountCode", { params: { id } }),
    () => bob.call("accountReset", { params: { id } }),
    () => bob.call("groupList"),
    () => bob.call("groupCreate", { body: { name: "x" } }),
    () => bob.call("memberAdd", { params: { id: "administrators", account: "bob" } }),
    () => bob.call("sessionList", { query: { all: "true" } }),
    () => bob.call("sessionList", { query: { account: "admin" } }),
    () => bob.call("identityProviderList"),
    () => bob.call("identityProviderPut", { params: { id: "keys" }, body: { settings } }),
    () => bob.call("identityProviderTest", { params: { id: "keys" }, body: {} }),
  ];
  for (const each of forbidden) await expect(each()).rejects.toMatchObject(problem("forbidden"));
  const { items } = await bob.call("sessionList");
  expect(items).toMatchObject([{ account: "bob", current: true, by: "code" }]);
  const others = (await lab.client.call("sessionList", { query: { all: "true" } })).items.filter((each) => each.account !== "bob");
  await expect(bob.call("sessionRevoke", { params: { id: others[0]!.id } })).rejects.toMatchObject(problem("notFound"));
  await lab.client.call("sessionRevoke", { params: { id: items[0]!.id } });
  await expect(bob.call("accountGet")).rejects.toMatchObject(problem("notSignedIn"));
});

test("a narrowed token of an administrator is not an administrator's", async () => {
  await lab.client.call("accountCreate", { body: { name: "root-2", groups: ["administrators"] } });
  const { code } = await lab.client.call("accountCode", { params: { id: "root-2" } });
  const boss = lab.as((await lab.as(undefined).call("sessionCreate", { body: { code } })).token);
  await boss.call("accountList");
  const reader = lab.as((await boss.call("tokenCreate", { body: { name: "r", scope: { may: "read" } } })).token);
  for (const each of [
    () => reader.call("accountCreate", { body: { name: "x" } }),
    () => reader.call("tokenCreate", { body: { name: "wider" } }),
    () => reader.call("signInCodeCreate"),
    () => reader.call("totpBegin"),
    () => reader.call("passkeyBegin"),
    () => reader.call("accountPassPhrase", { body: { new: "a pass phrase" } }),
  ])
    await expect(each()).rejects.toMatchObject(problem("forbidden"));
});

test.each([
  ["a NUL in a name", { name: "ad\u0000min", passPhrase: "x" }, 400],
  ["half a surrogate pair", { name: "\ud800", passPhrase: "\udfff" }, 400],
  ["a NUL in a provider", { name: "a", passPhrase: "x", provider: "k\u0000" }, 400],
  ["a prototype as a name", { name: "__proto__", passPhrase: "constructor" }, 401],
  ["fields that do not belong together", { name: "admin", code: "x" }, 400],
  ["a pass phrase of megabytes", { name: "admin", passPhrase: "x".repeat(70_000) }, 413],
  ["nothing", {}, 400],
  ["a list", [], 400],
])("%s is no way in and no fault of ours", async (_, body, status) => {
  const answer = await fetch(`${lab.url}${apiBase}/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(status);
});
