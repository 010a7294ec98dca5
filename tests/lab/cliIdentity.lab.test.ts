import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CliProgram } from "./cliProgram.ts";

let cli: CliProgram;
let url: string;
beforeAll(async () => {
  cli = await CliProgram.start();
  url = `http://127.0.0.1:${await cli.port}`;
});
afterAll(() => cli?.[Symbol.asyncDispose]());

/** A person with a home folder of his own, who finds no local token. */
const person = (name: string) => {
  const home = join(cli.folder, `home-${name}`);
  mkdirSync(home, { recursive: true });
  const env = { HOME: home, POLYVISOR_DATA: "" };
  return (argv: string[], input = "") => cli.run(argv, { input, env });
};

describe("accounts by the command line", () => {
  it("invites a person, who sets a pass phrase and an authenticator that a third program reads", async () => {
    await cli.ok("group", "create", "operators", "--description", "run VMs");
    const made = await cli.json<{ name: string; code: string }>("account", "create", "alice", "--full-name", "Alice Example", "--group", "operators");
    const alice = person("alice");
    expect((await alice(["login", "--url", url, "--code", made.code])).code).toBe(0);
    expect((await alice(["login", "--url", url, "--code", made.code])).code).toBe(4); // once
    expect((await alice(["pass-phrase"], "ein langer Satz\n")).code).toBe(0);
    expect((await alice(["account", "list"])).code).toBe(4);
    expect((await alice(["account", "info"])).out).toMatch(/Groups\s+operators/);

    // The secret comes first, and its code is typed then: oathtool is the authenticator.
    const enable = cli.spawn(["second-factor", "enable", "-o", "json"], { HOME: join(cli.folder, "home-alice"), POLYVISOR_DATA: "" });
    let [out, err] = ["", ""];
    enable.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    enable.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
      const secret = /^ {2}([A-Z2-7]{32})$/m.exec(err)?.[1];
      if (secret !== undefined && enable.stdin.writable) enable.stdin.end(`${execFileSync("oathtool", ["--totp", "-b", secret]).toString()}`);
    });
    expect(await new Promise((resolve) => enable.once("close", resolve)), err).toBe(0);
    const { recoveryCodes } = JSON.parse(out) as { recoveryCodes: string[] };
    expect(recoveryCodes).toHaveLength(10);

    const elsewhere = person("elsewhere");
    const without = await elsewhere(["login", "--url", url, "--name", "alice"], "ein langer Satz\n");
    expect(without.code).toBe(4);
    expect(without.err).toContain("A second factor is needed");
    expect((await elsewhere(["login", "--url", url, "--name", "alice"], `ein langer Satz\n${recoveryCodes[0]}\n`)).code).toBe(0);
    expect((await elsewhere(["second-factor", "disable"], `${recoveryCodes[1]}\n`)).code).toBe(0);
    expect((await cli.json<{ hasTotp: boolean }>("account", "info", "alice")).hasTotp).toBe(false);
  });

  it("disables, resets and removes, and never the last administrator", async () => {
    const bob = person("bob");
    const { code } = await cli.json<{ code: string }>("account", "create", "bob");
    expect((await bob(["login", "--url", url, "--code", code])).code).toBe(0);
    await cli.ok("account", "disable", "bob");
    expect((await bob(["account", "info"])).code).toBe(4);
    await cli.ok("account", "enable", "bob");
    expect((await bob(["account", "info"])).code).toBe(0); // the token of its command line sleeps and wakes
    await cli.ok("group", "add", "operators", "bob");
    expect(await cli.ok("group", "info", "operators")).toMatch(/bob/);
    await cli.ok("group", "take-out", "operators", "bob");
    await cli.ok("account", "reset", "bob", "--yes");
    await cli.ok("account", "remove", "bob", "--yes");
    expect((await bob(["account", "info"])).code).toBe(4);
    expect((await cli.run(["account", "disable", "admin"])).code).toBe(6);
    expect((await cli.run(["account", "remove", "admin", "--yes"])).code).toBe(6);
    expect((await cli.run(["group", "take-out", "administrators", "admin"])).code).toBe(6);
  });

  it("sees and ends sessions, and makes tokens that may less", async () => {
    const { code } = await cli.json<{ code: string }>("account", "code", "alice");
    const answer = await fetch(`${url}/api/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "a browser" },
      body: JSON.stringify({ code }),
    });
    const { token } = (await answer.json()) as { token: string };
    const [session] = await cli.json<{ id: string; by: string; client: string; address: string }[]>("session", "list", "--account", "alice");
    expect(session).toMatchObject({ by: "code", client: "a browser", address: "127.0.0.1" });
    await cli.ok("session", "revoke", session!.id);
    expect((await fetch(`${url}/api/v1/account`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);

    const reader = (await cli.ok("token", "create", "reader", "--may", "read", "--filter", "tag = web", "--days", "1")).trim();
    expect(await cli.ok("token", "list")).toMatch(/reader\s+read where tag = web/);
    expect((await cli.run(["token", "create", "wider"], { env: { POLYVISOR_URL: url, POLYVISOR_TOKEN: reader, POLYVISOR_DATA: "" } })).code).toBe(4);
  });

  it("sets identity providers up and tries them out", async () => {
    const set = ["identity-provider", "set", "corp", "--ldap-url", "ldaps://127.0.0.1:1", "--base-dn", "dc=example,dc=org", "--bind-dn", "cn=reader"];
    expect((await cli.run([...set, "--secret"], { input: "a secret\n" })).code).toBe(0);
    await cli.ok("identity-provider", "set", "corp", "--map", "cn=admins,dc=example,dc=org=operators");
    expect(await cli.json("identity-provider", "info", "corp")).toMatchObject({
      hasSecret: true,
      settings: { baseDn: "dc=example,dc=org", groups: [{ from: "cn=admins,dc=example,dc=org", to: "operators" }] },
    });
    const trial = await cli.run(["identity-provider", "test", "corp"]);
    expect(trial.code).toBe(1);
    expect(trial.out).toContain("nothing listens at 127.0.0.1:1");
    expect(trial.out).toContain("Start the provider");
    // The secret does not go elsewhere unasked.
    expect((await cli.run(["identity-provider", "set", "corp", "--ldap-url", "ldaps://127.0.0.1:2"])).code).toBe(2);
    expect((await cli.run(["identity-provider", "set", "corp", "--issuer", "https://id.example"])).code).toBe(2);
    await cli.ok("identity-provider", "remove", "corp", "--yes");
    expect(cli.log).not.toMatch(/a secret|ein langer Satz/);
  });
});
