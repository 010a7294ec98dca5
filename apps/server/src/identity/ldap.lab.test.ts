import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromBase32 } from "../lab/base32.ts";
import { anywhere, codeOf, openIdentityLab, type IdentityLab } from "../lab/identityLab.ts";
import { readerDn, readerSecret, startSlapd, type PrivateSlapd } from "../lab/privateSlapd.ts";
import type { LdapSettings } from "./providerSettings.ts";
import { hotp, stepOf } from "./totp.ts";

let lab: IdentityLab;
let slapd: PrivateSlapd;
let settings: LdapSettings;
beforeAll(async () => {
  [lab, slapd] = await Promise.all([openIdentityLab({ providerDeadlineMs: 1_500 }), startSlapd()]);
  settings = {
    kind: "ldap",
    urls: [slapd.encrypted],
    startTls: false,
    ca: slapd.ca,
    bindDn: readerDn,
    baseDn: "ou=people,dc=example,dc=org",
    userFilter: "(uid={name})",
    idAttribute: "entryUUID",
    nameAttribute: "uid",
    displayNameAttribute: "cn",
    groupBaseDn: "ou=groups,dc=example,dc=org",
    groupFilter: "(member={dn})",
    groupAttribute: "cn",
    create: true,
    groups: [
      { from: "vm-admins", to: "operators" },
      { from: "CN=Auditors,ou=groups,dc=example,dc=org", to: "readers" },
    ],
  };
  await lab.identity.groups.create({ name: "operators" });
  await lab.identity.groups.create({ name: "readers" });
  await put({});
});
afterAll(async () => {
  await slapd.close();
  await lab.close();
});
const put = (change: Partial<LdapSettings>, secret = readerSecret) => lab.identity.providers.put("corp", { settings: { ...settings, ...change }, secret });
const enter = (name: string, passPhrase: string, more: object = {}) => lab.identity.signIn({ name, passPhrase, provider: "corp", ...more }, anywhere());

describe("a real directory", () => {
  test("vouches for people, with the groups that were mapped by name and by DN", async () => {
    const { account, token } = await enter("alice", "alice's phrase");
    expect(account).toMatchObject({ name: "alice@corp", source: "ldap", provider: "corp", displayName: "Alice Example", hasPassPhrase: false });
    expect(account.groups).toMatchObject([{ name: "operators", via: "corp" }]);
    expect((await lab.identity.tokens.sessions(await lab.identity.caller(token), account.id))[0]).toMatchObject({ by: "ldap:corp" });
    const again = await enter("ALICE", "alice's phrase"); // the directory does not look at case
    expect(again.account.id).toBe(account.id);
    expect((await enter("bob", "bob's phrase")).account.groups).toMatchObject([{ name: "readers" }]);
  });

  test("gives the same answer for a wrong pass phrase, an unknown name, tricks in the name, and a provider that is not there", async () => {
    const answers = await Promise.all(
      [
        enter("alice", "wrong phrase"),
        enter("nobody", "alice's phrase"),
        enter("*", "alice's phrase"),
        enter("alice)(uid=*", "alice's phrase"),
        enter("alice)(|(uid=*)", "alice's phrase"),
        enter("ali*", "alice's phrase"),
        enter("alice\0", "alice's phrase"),
        enter("", "alice's phrase"),
        enter("uid=alice,ou=people,dc=example,dc=org", "alice's phrase"),
        enter("alice", ""), // would be an anonymous bind, which succeeds for anyone
        enter("x".repeat(255), "alice's phrase"),
        lab.identity.signIn({ name: "alice", passPhrase: "alice's phrase", provider: "none" }, anywhere()),
        lab.identity.signIn({ name: "alice@corp", passPhrase: "alice's phrase" }, anywhere()), // it is not kept here
      ].map((each) =>
        each.then(
          () => "in",
          (error: { code: string; detail: string; remedy: string }) => `${error.code}: ${error.detail} ${error.remedy}`,
        ),
      ),
    );
    expect([...new Set(answers)]).toEqual([answers[0]]);
    expect(answers[0]).toMatch(/^wrongCredentials: no account has this name and pass phrase/);
  });

  test("over StartTLS as over TLS, and never in the clear to another machine", async () => {
    await put({ urls: [slapd.plain], startTls: true });
    expect(await codeOf(enter("alice", "alice's phrase"))).toBe("none");
    expect(await codeOf(put({ urls: ["ldap://directory.example"] }))).toBe("badRequest");
    expect(await codeOf(put({ startTls: true }))).toBe("badRequest"); // over ldaps://
    await put({});
  });

  test("tells people apart by ids that are bytes, as Active Directory has them", async () => {
    await put({ baseDn: "ou=windows,dc=example,dc=org", idAttribute: "objectGUID" });
    const [wanda, willy] = [await enter("wanda", "wanda's phrase"), await enter("willy", "willy's phrase")];
    expect(wanda.account.id).not.toBe(willy.account.id);
    expect(wanda.account.name).toBe("wanda@corp");
    await put({});
  });

  test("asks for the second factor too", async () => {
    const { account } = await enter("bob", "bob's phrase");
    const { secret } = await lab.identity.factors.begin(account.id, account.name);
    const [first] = await lab.identity.factors.confirm(account.id, hotp(fromBase32(secret), stepOf(Date.now())));
    expect(await codeOf(enter("bob", "bob's phrase"))).toBe("secondFactorNeeded");
    expect(await codeOf(enter("bob", "wrong phrase"))).toBe("wrongCredentials");
    expect(await codeOf(enter("bob", "bob's phrase", { secondFactor: first }))).toBe("none");
  });

  test("guesses from everywhere slow strangers down, and not a device that was here", async () => {
    const { device } = await enter("alice", "alice's phrase");
    const results: string[] = [];
    for (let i = 0; i < 60 && results.at(-1) !== "rateLimited"; i++) results.push(await codeOf(enter(i % 2 ? "alice" : "Alice", `guess ${i}`)));
    expect(results.at(-1)).toBe("rateLimited");
    expect(await codeOf(enter("alice", "alice's phrase"))).toBe("rateLimited");
    expect(await codeOf(enter("alice", "alice's phrase", { device }))).toBe("none");
  });
});

describe("what a directory must not do", () => {
  const refused = async (change: Partial<LdapSettings>, secret?: string): Promise<string> => {
    await put(change, secret);
    const other = lab.identity.signIn({ name: "twin", passPhrase: "one's phrase", provider: "corp" }, anywhere());
    return other.then(
      () => "in",
      (error: { code: string; detail: string }) => `${error.code}: ${error.detail}`,
    );
  };
  test.each<[string, () => Partial<LdapSettings>, RegExp, string?]>([
    ["refer to another server", () => ({ baseDn: "ou=far,dc=example,dc=org" }), /LDAP result 10/],
    ["refer to another server in a search", () => ({ baseDn: "ou=mixed,dc=example,dc=org" }), /refers to another server/],
    ["be one that no authority of ours vouches for", () => ({ ca: slapd.otherCa }), /certificate of localhost:\d+ is not trusted/],
    ["have a certificate for another name", () => ({ urls: [slapd.encrypted.replace("localhost", "localhost.localdomain")] }), /resolved|another name/],
    ["speak no TLS where it should", () => ({ urls: [slapd.plain.replace("ldap:", "ldaps:")] }), /does not speak|not answer|closed/],
    ["have several people of one name", () => ({ baseDn: "dc=example,dc=org", userFilter: "(|(uid={name})(uid=alice))" }), /several people/],
    ["refuse its reader", () => ({}), /refuses the account cn=reader/, "wrong secret"],
    ["lack the base", () => ({ baseDn: "ou=nowhere,dc=example,dc=org" }), /LDAP result 32/],
    ["have people without an id", () => ({ baseDn: "dc=example,dc=org", idAttribute: "employeeNumber" }), /has no employeeNumber/],
    ["be away", () => ({ urls: ["ldaps://127.0.0.1:1"] }), /nothing listens at 127.0.0.1:1/],
  ])("%s", async (_, change, reason, secret) => {
    expect(await refused(change(), secret)).toMatch(reason);
    expect(await refused(change(), secret)).toMatch(/^identityProviderFailed/);
  });

  test("be silent: it is given up, and the next one is asked", async () => {
    await put({ baseDn: "dc=example,dc=org" });
    slapd.pause();
    try {
      expect(await codeOf(enter("twin", "one's phrase"))).toBe("identityProviderFailed");
    } finally {
      slapd.resume();
    }
    await put({ baseDn: "dc=example,dc=org", urls: ["ldaps://127.0.0.1:1", slapd.encrypted] });
    expect(await codeOf(enter("twin", "one's phrase"))).toBe("none");
    await put({});
  });
});

describe("a server in between", () => {
  /** @param act what it does with each connection; everything that arrives is kept */
  async function between(act: (socket: Socket, count: number) => void) {
    const heard: Buffer[] = [];
    let count = 0;
    const server = createServer((socket) => {
      socket.on("error", () => undefined).on("data", (chunk: Buffer) => void heard.push(chunk));
      act(socket, ++count);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      url: `ldap://localhost:${(server.address() as AddressInfo).port}`,
      heard: () => Buffer.concat(heard).toString("latin1"),
      connections: () => count,
      async close() {
        server.close();
        await once(server, "close");
      },
    };
  }
  const startTlsDone = Buffer.from("300c02010178070a010004000400", "hex"); // ExtendedResponse: success

  test.each<[string, (socket: Socket, count: number) => void]>([
    ["closes after StartTLS, to be given the pass phrase in the clear", (socket) => void socket.once("data", () => socket.end(startTlsDone))],
    ["says that StartTLS is done and speaks on in the clear", (socket) => void socket.on("data", () => socket.write(startTlsDone))],
    ["refuses StartTLS", (socket) => void socket.once("data", () => socket.write(Buffer.from("300c02010178070a010204000400", "hex")))],
    ["answers rubbish", (socket) => void socket.once("data", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"))],
    ["announces a message of gigabytes", (socket) => void socket.once("data", () => socket.write(Buffer.from("3084ffffffff0201", "hex")))],
    ["says nothing", () => undefined],
    ["hangs up", (socket) => void socket.destroy()],
  ])("that %s learns nothing", async (name, act) => {
    const evil = await between(act);
    await put({ urls: [evil.url], startTls: true });
    expect(await codeOf(enter("alice-2", "alice's phrase"))).toBe("identityProviderFailed");
    if (!name.startsWith("hangs up")) expect(evil.heard()).toContain("1.3.6.1.4.1.1466.20037"); // it was asked for StartTLS first
    expect(evil.heard()).not.toContain("phrase");
    expect(evil.heard()).not.toContain(readerSecret);
    expect(evil.connections()).toBe(1);
    await put({});
    await evil.close();
  });
});

describe("a trial", () => {
  test("goes through everything and names each thing that was found", async () => {
    await put({});
    const found = await lab.identity.providers.trial("corp", () => "", "alice");
    expect(found.steps.map((each) => each.what)).toEqual(["connection", "account", "people", "groups", "person", "memberships"]);
    expect(found.ok).toBe(true);
    expect(found.steps.at(-1)!.detail).toMatch(/vm-admins.*here in operators/);
  });

  test.each<[string, Partial<LdapSettings>, string | undefined, string, RegExp]>([
    ["an unreachable server", { urls: ["ldaps://127.0.0.1:1"] }, undefined, "connection", /Start the provider/],
    ["a wrong account", {}, "wrong", "account", /--bind-dn/],
    ["a wrong base", { baseDn: "ou=no,dc=example,dc=org" }, undefined, "people", /--base-dn/],
    ["a wrong filter", { userFilter: "(mail={name})" }, undefined, "person", /--user-filter/],
  ])("says of %s what to do", async (_, change, secret, what, remedy) => {
    await put(change, secret);
    const { ok, steps } = await lab.identity.providers.trial("corp", () => "", "alice");
    expect(ok).toBe(false);
    expect(steps.at(-1)).toMatchObject({ what, ok: false, remedy: expect.stringMatching(remedy) as string });
    expect(JSON.stringify(steps)).not.toContain(readerSecret);
    await put({});
  });
});

test("a provider that is switched off or removed lets nobody in, by no token either", async () => {
  const { identity } = lab;
  await put({ baseDn: "dc=example,dc=org" });
  const [{ token, account }, { session }] = [await enter("twin", "one's phrase"), await lab.person("local")];
  // Each token is of whom it was made for, whoever else there is.
  expect((await identity.caller(token)).accountId).toBe(account.id);
  expect((await identity.caller(session.token)).account).toBe("local");
  expect((await identity.caller(lab.localToken)).use).toBe("local");
  expect(await codeOf(identity.caller(`pv_${"A".repeat(43)}`))).toBe("notSignedIn");
  const { token: api } = await identity.makeToken(await identity.caller(token), { name: "robot" });
  const switched = async (enabled: boolean): Promise<void> => {
    await identity.providers.put("corp", { settings: { ...settings, baseDn: "dc=example,dc=org" }, enabled });
    await identity.changed();
  };
  await switched(false);
  for (const each of [token, api]) expect(await codeOf(identity.caller(each))).toBe("notSignedIn");
  expect(await codeOf(enter("twin", "one's phrase"))).toBe("wrongCredentials");
  await switched(true);
  expect(await codeOf(identity.caller(api))).toBe("none");
  await identity.providers.remove("corp");
  await identity.changed();
  expect(await codeOf(identity.caller(api))).toBe("notSignedIn");
  expect(await codeOf(enter("twin", "one's phrase"))).toBe("wrongCredentials");
  expect(await codeOf(lab.identity.caller(token))).toBe("notSignedIn");
  expect(await codeOf(lab.identity.caller(session.token))).toBe("none");
  // One of the same name later is another one: it vouches for nobody's old account.
  await put({ baseDn: "dc=example,dc=org" });
  const later = await enter("twin", "one's phrase");
  expect(later.account.id).not.toBe(account.id);
  expect(later.account.name).toBe("twin-2@corp");
});

test("nothing secret was logged", () => {
  expect(lab.logged()).not.toMatch(/phrase"|'s phrase|reader's secret/);
});
