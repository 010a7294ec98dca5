import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf, openIdentityLab, type IdentityLab } from "../lab/identityLab.ts";
import { startLyingOpenid, type LyingOpenid, type OpenidLies } from "../lab/lyingOpenid.ts";
import type { OidcSettings } from "./providerSettings.ts";

const challenge = "A".repeat(43);
const serverUrl = "http://127.0.0.1:8420";
const secret = "a secret of the client";
let lab: IdentityLab;
let op: LyingOpenid;
beforeAll(async () => {
  lab = await openIdentityLab({ providerDeadlineMs: 700 });
  op = await startLyingOpenid(secret);
});
afterAll(async () => {
  await op.close();
  await lab.close();
});

beforeEach(async () => {
  op.lies = {};
  const settings: OidcSettings = {
    kind: "oidc",
    issuer: op.issuer,
    clientId: "polyvisor",
    scopes: ["openid"],
    nameClaim: "preferred_username",
    displayNameClaim: "name",
    groupsClaim: "groups",
    create: true,
    groups: [{ from: "boss", to: "administrators" }],
  };
  await lab.identity.providers.put("liar", { settings, secret }); // anew, so that nothing is remembered
});

/** From the beginning to the end, with the browser's part made up. */
async function come(): Promise<string> {
  try {
    const url = new URL(await lab.identity.browser.begin("liar", { challenge }, serverUrl));
    op.nonce = url.searchParams.get("nonce")!;
    return await codeOf(lab.identity.browser.finish(new URLSearchParams({ code: "code", state: url.searchParams.get("state")! })));
  } catch (error) {
    return codeOf(Promise.reject(error as Error));
  }
}

test("comes in while it does not lie", async () => {
  expect(await come()).toBe("none");
});

const past = Math.floor(Date.now() / 1000) - 3_600;
test.each<[string, OpenidLies]>([
  ["that says to be another issuer", { discovery: { issuer: "https://accounts.example" } }],
  ["whose token is of another issuer", { claims: { iss: "https://accounts.example" } }],
  ["whose token is for another client", { claims: { aud: "another" } }],
  ["whose token is for several clients and authorised for another", { claims: { aud: ["polyvisor", "another"], azp: "another" } }],
  ["whose token has another nonce", { claims: { nonce: "another" } }],
  ["whose token has no nonce", { claims: { nonce: undefined } }],
  ["whose token is over", { claims: { iat: past, exp: past + 60 } }],
  ["whose token has no end", { claims: { exp: undefined } }],
  ["whose token is not valid yet", { claims: { nbf: past + 7_200 } }],
  ["whose token has no subject", { claims: { sub: undefined } }],
  ["whose token's subject is no text", { claims: { sub: { a: 1 } } }],
  ["whose token is not signed", { header: { alg: "none", kid: undefined }, signedBy: "nothing" }],
  ["whose token is signed by another key of the same name", { signedBy: "other" }],
  ["whose token is signed by a key that it does not name", { header: { kid: "two" }, signedBy: "other" }],
  ["whose token is signed with the public key as secret", { header: { alg: "HS256" }, signedBy: "public key" }],
  ["whose token is signed with the client's secret", { header: { alg: "HS256" }, signedBy: "client secret" }],
  ["whose user information is about another", { claims: { groups: undefined }, userinfo: { sub: "u2", groups: ["boss"] } }],
  ["whose token endpoint is not here and not https", { discovery: { token_endpoint: "http://192.0.2.1/token" } }],
])("a provider %s vouches for nobody", async (_, lies) => {
  op.lies = lies;
  expect(await come()).toBe("identityProviderFailed");
  op.lies = {};
  const { rows } = await lab.store.pool.query("select count(*)::int as n from membership where via = 'liar'");
  expect(rows).toEqual([{ n: 0 }]);
});

describe("a provider that is slow, down or mad", () => {
  const paths = ["/.well-known/openid-configuration", "/token", "/jwks"];
  const ways: [string, (response: ServerResponse) => void][] = [
    ["never answers", () => undefined],
    [
      "sends a byte at a time for ever",
      (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
    ["breaks the connection", (response) => void response.destroy()],
    ["breaks off in the middle", (response) => void response.writeHead(200, { "content-length": "100" }).write("{", () => response.destroy())],
    ["sends more than anybody needs", (response) => void response.writeHead(200, { "content-type": "application/json" }).end(`"${"x".repeat(3_000_000)}"`)],
    ["sends no JSON", (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>hello")],
    ["sends deep JSON", (response) => void response.writeHead(200, { "content-type": "application/json" }).end("[".repeat(200_000))],
    ["sends us elsewhere", (response) => void response.writeHead(302, { location: "http://192.0.2.1/" }).end()],
    ["fails", (response) => void response.writeHead(500).end()],
  ];
  test.each(ways.flatMap(([name, answer]) => paths.map((at) => [name, at, answer] as const)))("that %s at %s is told of as such", async (_, at, answer) => {
    op.lies = { instead: { at, answer } };
    expect(await come()).toBe("identityProviderFailed");
    // And is asked again when it is well.
    op.lies = {};
    expect(await come()).toBe("none");
  });

  test("that is not there is told of, and nobody else waits for it", async () => {
    const gone = await startLyingOpenid(secret);
    const { settings } = await lab.identity.providers.find("liar");
    await lab.identity.providers.put("liar", { settings: { ...(settings as OidcSettings), issuer: gone.issuer }, secret });
    await gone.close();
    await expect(lab.identity.browser.begin("liar", { challenge }, serverUrl)).rejects.toMatchObject({
      code: "identityProviderFailed",
      detail: expect.stringMatching(/nothing listens at 127\.0\.0\.1/) as string,
    });
  });
});

test("claims of any shape are bounded and open nothing", async () => {
  for (const claims of [
    { preferred_username: { toString: "admin" } },
    { preferred_username: "a".repeat(100_000) },
    { preferred_username: "" },
    { groups: "boss ".repeat(100) },
    { groups: { boss: true } },
    { groups: [["boss"], 7, null] },
    { groups: Array.from({ length: 5_000 }, (_, i) => `g${i}`) },
    { name: "evil\u0000\n\u202e" },
  ]) {
    op.lies = { claims: { ...claims, sub: JSON.stringify(claims).slice(0, 40) } };
    expect(await come()).toBe("none");
  }
  const { items } = await lab.identity.accounts.page({ limit: 100 });
  for (const each of items.filter((one) => one.source === "oidc")) {
    expect(each.name).toMatch(/^[a-z0-9._-]{1,70}@liar$/);
    expect(each.displayName.length).toBeLessThanOrEqual(255);
    expect(each.groups).toEqual([]);
  }
});
