import { execFileSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host, Vm } from "@polyvisor/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority, type Pair } from "./certificates.ts";
import { CliProgram, until, type CliResult } from "./cliProgram.ts";
import { PrivateLibvirtd } from "./privateLibvirtd.ts";

// Hosts behind TLS with client certificates and behind SASL, as an administrator adds them: real daemons, the real
// server and the real command line. What it said is kept, for at the end no secret may be found in any of it.

const secret = "Zwölf+Boxkämpfer=jagen,Eva";
const wrong = "wr0ng-Geheimnis-17";
const later = "Another one / by now 2";
const elsewhere = "Only over there! 3";
const sasl = { mechanisms: "scram-sha-256", users: { al: secret } };
const authority = new TestAuthority();
const stranger = new TestAuthority("Strange authority");
const server = authority.issue("localhost", "serverAuth", ["DNS:localhost"]);
const uuids = new Map<string, string>();
const daemons = new Map<string, PrivateLibvirtd>();
const said: string[] = [];
let cli: CliProgram;

async function daemon(name: string, options: Parameters<typeof PrivateLibvirtd.start>[0]): Promise<void> {
  uuids.set(name, randomUUID());
  daemons.set(name, await PrivateLibvirtd.start({ ...options, conf: { host_uuid: uuids.get(name)!, ...options?.conf } }));
}
const port = (name: string): number => daemons.get(name)!.port;

/** A folder for `pkipath=`. */
function pki(name: string, ca: string, pair?: Partial<Pair>): string {
  const folder = join(cli.folder, "pki", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "cacert.pem"), ca);
  if (pair?.cert !== undefined) writeFileSync(join(folder, "clientcert.pem"), pair.cert);
  if (pair?.key !== undefined) writeFileSync(join(folder, "clientkey.pem"), pair.key, { mode: 0o600 });
  return folder;
}

async function polyvisor(argv: string[], input = ""): Promise<CliResult> {
  const result = await cli.run(argv, { input });
  said.push(result.out, result.err);
  return result;
}
async function ok(...argv: string[]): Promise<string> {
  const { code, out, err } = await polyvisor(argv);
  expect(code, `${argv.join(" ")}\n${err}${out}`).toBe(0);
  return out;
}
const json = async <T>(...argv: string[]): Promise<T> => JSON.parse(await ok(...argv, "-o", "json")) as T;
const host = (name: string): Promise<Host> => json<Host>("host", "info", name);
const stateOf = async (vm: string): Promise<string> => (await json<Vm>("info", vm)).state;

beforeAll(async () => {
  const tls = { ca: authority.cert, ...server };
  await daemon("certified", { listen: "tls", tls });
  await daemon("scram", { listen: "tls", tls, conf: { auth_tls: "sasl" }, sasl });
  await daemon("other", { listen: "tls", tls, conf: { auth_tls: "sasl" }, sasl: { ...sasl, users: { eva: elsewhere } } });
  await daemon("plainTcp", { listen: "tcp", conf: { auth_tcp: "sasl" }, sasl });
  cli = await CliProgram.start();
}, 120_000);
afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
  for (const each of daemons.values()) await each[Symbol.asyncDispose]();
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});

const client = authority.issue("console", "clientAuth");
const certified = (folder: string, at = "localhost"): string => `test+tls://${at}:${port("certified")}/default?pkipath=${folder}`;
const scram = (name = "scram"): string => `qemu+tls://localhost:${port(name)}/session?pkipath=${pki("right", authority.cert, client)}`;

describe("a host behind TLS with client certificates", () => {
  it("is added, and its VM is listed, stopped and started", async () => {
    await ok("host", "add", certified(pki("right", authority.cert, client)), "--name", "certified");
    expect((await host("certified")).connection.state).toBe("connected");
    expect(await ok("list", "host=certified")).toMatch(/^test .* running /m);
    await ok("destroy", "certified/test", "--yes");
    expect(await stateOf("certified/test")).toBe("off");
    await ok("start", "certified/test");
    expect(await stateOf("certified/test")).toBe("running");
  });

  it.each([
    ["the wrong authority", () => certified(pki("wrong-ca", stranger.cert, client)), /certificate of .* is not trusted/, /CA that signed it/],
    ["another name", () => certified(pki("right", authority.cert, client), "127.0.0.1"), /does not name 127\.0\.0\.1/, /name that the certificate carries/],
    [
      "an expired client certificate",
      () => certified(pki("expired", authority.cert, authority.issue("console", "clientAuth", [], true))),
      /expired\/clientcert\.pem.* expired/,
      /Have it renewed/,
    ],
    [
      "a client certificate of another authority",
      () => certified(pki("foreign", authority.cert, stranger.issue("console", "clientAuth"))),
      /did not accept our client certificate/,
      /signed by the host's CA/,
    ],
    ["no client certificate", () => certified(pki("none", authority.cert)), /none\/clientcert\.pem/, /Put it and its key there/],
    [
      "a key that is not the certificate's",
      () => certified(pki("mixed", authority.cert, { cert: client.cert, key: stranger.issue("x", "clientAuth").key })),
      /cannot be used/,
      /belong together/,
    ],
    ["no folder of certificates", () => certified("/nowhere"), /\/nowhere\/cacert\.pem/, /pkipath/],
  ])("names %s and what to do, and adds nothing", async (_what, uri, detail, remedy) => {
    for (const verb of ["test", "add"]) {
      const { code, out, err } = await polyvisor(["host", verb, uri()]);
      expect(err).toMatch(detail);
      expect(err).toMatch(remedy);
      expect({ code, out }).toEqual({ code: 1, out: "" });
    }
    expect(await ok("host", "list", "-o", "name")).toBe("certified\n");
  });
});

describe("a host behind SASL", () => {
  it("refuses no credential and a wrong one by name, and adds nothing", async () => {
    const none = await polyvisor(["host", "add", scram()]);
    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err).toMatch(/asks for a user name and a pass phrase[\s\S]*--username/);
    for (const user of ["al", "nobody-there"]) {
      const refused = await polyvisor(["host", "add", scram(), "--username", user], `${wrong}\n`);
      expect(refused).toMatchObject({ code: 1, out: "" });
      expect(refused.err).toMatch(new RegExp(`did not accept user "${user}" \\(SASL SCRAM-SHA-256\\)`));
      expect(refused.err).toMatch(/Check user name and password/);
    }
    expect(await ok("host", "list", "-o", "name")).toBe("certified\n");
  });

  it("over plain TCP says that libvirt wants encryption, and what to use", async () => {
    const { code, err } = await polyvisor(["host", "add", `test+tcp://localhost:${port("plainTcp")}/default`, "--username", "al"], `${secret}\n`);
    expect(code).not.toBe(0);
    expect(err).toMatch(/no SASL mechanism for this transport[\s\S]*use tls or ssh/i);
  });

  it.each(["qemu+tls://al:PASS@localhost/session", "qemu+tls://al:PASS@localhost:999999/session", "nosuch://al:PASS@host/"])(
    "takes no pass phrase in a URI, and repeats none: %s",
    async (uri) => {
      const { code, err } = await polyvisor(["host", "add", uri.replace("PASS", wrong)]);
      expect(code).not.toBe(0);
      expect(err).toMatch(/pass phrase|not a URI|no adapter/);
    },
  );

  it("is added with its credential; a VM is created there, stopped, started", async () => {
    const added = await polyvisor(["host", "add", scram(), "--name", "scram", "--username", "al"], `${secret}\n`);
    expect(added, added.err).toMatchObject({ code: 0 });
    expect((await host("scram")).connection.state).toBe("connected");
    await ok("create", "sealed", "--memory", "32M", "--host", "scram");
    expect(await stateOf("sealed")).toBe("running");
    await ok("destroy", "sealed", "--yes");
    await ok("start", "sealed");
  });

  it("gives and takes bytes over connections of their own, which sign in too", async () => {
    await ok("datastore", "create", "images", join(daemons.get("scram")!.folder, "images"), "--host", "scram");
    const [here, back] = ["here", "back"].map((name) => join(cli.folder, name)) as [string, string];
    writeFileSync(here, randomBytes(3 * 1024 ** 2));
    await ok("volume", "create", "scram/images", "sent.raw", "3M", "--format", "raw");
    await ok("volume", "upload", "scram/images", "sent.raw", here);
    await ok("volume", "download", "scram/images", "sent.raw", back);
    expect(readFileSync(back).equals(readFileSync(here))).toBe(true);
    await ok("volume", "delete", "scram/images", "sent.raw", "--yes");
  });

  it("is connected again after a restart of the server, by what was sealed", async () => {
    const before = await json<Vm>("info", "sealed");
    await cli.stopServer();
    await cli.startServer();
    await until("both hosts are connected", async () => (await json<Host[]>("host", "list")).every((each) => each.connection.state === "connected"));
    expect(await json<Vm>("info", "sealed")).toMatchObject({ id: before.id, state: "running" });
    await ok("pause", "sealed");
    expect(await stateOf("sealed")).toBe("paused");
    await ok("unpause", "sealed");
  });

  it("moves a VM to another host, which has a credential of its own, and back", async () => {
    expect(await polyvisor(["host", "add", scram("other"), "--name", "other", "--username", "eva"], `${elsewhere}\n`)).toMatchObject({ code: 0 });
    await ok("destroy", "sealed", "--yes");
    await ok("migrate", "sealed", "other");
    expect(await ok("list", "host=other", "-o", "name")).toBe("sealed\n");
    await ok("migrate", "sealed", "scram");
    await ok("start", "sealed");
    await ok("host", "remove", "other", "--yes");
  });

  it("says it when the host no longer takes the pass phrase, is back when it does, and takes a new one", async () => {
    const setPassword = (password: string): unknown =>
      execFileSync("saslpasswd2", ["-p", "-f", join(daemons.get("scram")!.folder, "sasl/users.db"), "-a", "libvirt", "al"], { input: password });
    setPassword(later);
    await ok("host", "disable", "scram");
    const refused = await polyvisor(["host", "enable", "scram"]);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/did not accept user "al"[\s\S]*Check user name and password/);
    expect((await host("scram")).connection).toMatchObject({ state: "lost", failure: { code: "hostAuthFailed" } });
    expect((await polyvisor(["list", "host=scram"])).err).toMatch(/scram is lost: its VMs are as last seen/);
    setPassword(secret);
    await ok("host", "reconnect", "scram");
    expect(await stateOf("sealed")).toBe("running");
    setPassword(later);
    await ok("host", "disable", "scram");
    expect(await polyvisor(["host", "enable", "scram"])).toMatchObject({ code: 1 });
    expect(await polyvisor(["host", "credential", "scram", "al"], `${wrong}\n`)).toMatchObject({ code: 1, out: "scram: lost\n" });
    expect(await polyvisor(["host", "credential", "scram", "al"], `${later}\n`)).toMatchObject({ code: 0, out: "scram: connected\n" });
    expect(await stateOf("sealed")).toBe("running");
  });

  it("says that the key of what was sealed is gone, and takes the credential again", async () => {
    await cli.stopServer();
    rmSync(join(cli.data, "secret.key"));
    await cli.startServer();
    await until("what is wrong is told", async () => (await host("scram")).connection.failure !== undefined);
    const { failure } = (await host("scram")).connection;
    expect(failure).toMatchObject({ detail: expect.stringContaining("secret.key"), remedy: expect.stringContaining("polyvisor host credential") });
    expect(await polyvisor(["host", "credential", "scram", "al"], `${later}\n`)).toMatchObject({ code: 0, out: "scram: connected\n" });
    expect(await stateOf("sealed")).toBe("running");
  });
});

it("shows no secret anywhere: not in what was said, the log, an event, a task, a metric or a file", async () => {
  const { id } = await json<Vm>("info", "sealed");
  await ok("delete", "sealed", "--force", "--yes");
  for (const argv of [["host", "list"], ["host", "info", "scram"], ["task", "list"], ["list"]]) await ok(...argv, "-o", "json");
  const tail = cli.spawn(["events", "--since", "0", "-o", "json"]);
  let events = "";
  tail.stdout.on("data", (chunk: Buffer) => (events += chunk.toString()));
  const isEnd = (line: string): boolean => line.includes('"deleted"') && line.includes(id);
  await until(
    () => `the events are told to their end; told is:\n${events.slice(-2_000)}`,
    () => events.split("\n").some(isEnd),
  );
  tail.kill();
  const { url } = JSON.parse(readFileSync(join(cli.data, "server.json"), "utf8")) as { url: string };
  const metrics = await (await fetch(new URL("/metrics", url))).text();
  await cli.stopServer();
  expect(events).toContain("hostAuthFailed");
  const places = new Map([
    ["what was said", said.join("\n")],
    ["the log", cli.log],
    ["the events", events],
    ["the metrics", metrics],
  ]);
  for (const entry of readdirSync(cli.folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) places.set(join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), "latin1"));
  expect(places.size).toBeGreaterThan(500); // the database's files are among them
  const forms = [secret, wrong, later, elsewhere].flatMap((each) => [
    each,
    encodeURIComponent(each),
    Buffer.from(each).toString("latin1"),
    Buffer.from(each).toString("hex"),
  ]);
  for (const [place, text] of places) for (const form of forms) expect(text.includes(form), place).toBe(false);
});
