import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:tls";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { labLog } from "../../apps/server/src/lab/labPlane.ts";
import { makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import { startServer, type Server } from "../../apps/server/src/startServer.ts";
import { TestAuthority } from "./certificates.ts";

let folder: string;
let data: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await makeDataFolder();
  data = join(folder, "data");
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

type Tls = Parameters<typeof startServer>[0]["tls"];
async function start(port = 0, tls: Tls = { kind: "generated" }): Promise<Server> {
  server = await startServer({ dataFolder: data, listen: "127.0.0.1", port, databaseUrl: undefined, names: [], logLevel: "error", tls }, labLog);
  return server;
}

interface Said {
  code: number | null;
  text: string;
}
/** As a user of another machine: nothing of the data folder is known. */
const cli = (args: string[], env: Record<string, string> = {}): Promise<Said> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../../apps/cli/src/main.ts"), ...args], {
      env: { PATH: process.env["PATH"], HOME: folder, POLYVISOR_DATA: join(folder, "none"), NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.once("close", (code) => resolve({ code, text }));
  });
const here = (...args: string[]): Promise<Said> => cli(args, { POLYVISOR_DATA: data });
const there = (url: string, ...args: string[]): Promise<Said> => cli(args, { POLYVISOR_DATA: "", POLYVISOR_URL: url });
const codeOf = async (): Promise<string> => (JSON.parse((await here("sign-in", "code", "-o", "json")).text) as { code: string }).code;

it("on the server's own machine it is known by its file; elsewhere it is trusted once, by its fingerprint, and a change is told", async () => {
  const { url } = await start();
  expect(await here("host", "add", "sim://tls/host-0001?vms=3")).toMatchObject({ code: 0 });
  expect(await here("list")).toMatchObject({ code: 0, text: expect.stringContaining("vm-000003") as string });

  const code = await codeOf();
  const refused = await cli(["login", "--url", url, "--code", code]);
  expect(refused).toMatchObject({
    code: 5,
    text: expect.stringMatching(/not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\).*SHA-256 is ([0-9A-F]{2}:){31}/) as string,
  });
  const fingerprint = /SHA-256 is ([0-9A-F:]+)/.exec(refused.text)![1]!;
  const wrong = await cli(["login", "--url", url, "--code", code, "--fingerprint", fingerprint.replace(/^../, (byte) => (byte === "00" ? "01" : "00"))]);
  expect(wrong).toMatchObject({ code: 4, text: expect.stringContaining("nothing was sent") as string });
  expect(existsSync(join(folder, ".config/polyvisor/known-servers.json"))).toBe(false);
  // The code was not sent before: it still signs in.
  expect(await cli(["login", "--url", url, "--code", code, "--fingerprint", `SHA256:${fingerprint.toLowerCase()}`])).toMatchObject({ code: 0 });
  expect(await there(url, "list")).toMatchObject({ code: 0, text: expect.stringContaining("vm-000003") as string });

  // Node's own fetch and WebSocket, which take no options, know it too.
  const stores = JSON.parse((await there(url, "datastore", "list", "-o", "json")).text) as { id: string }[];
  await writeFile(join(folder, "disk"), Buffer.alloc(4096, 7));
  expect(await there(url, "volume", "upload", stores[0]!.id, "tls-disk", join(folder, "disk"), "--create")).toMatchObject({ code: 0 });
  expect((await there(url, "console", "vm-000001", "--idle", "1")).text).not.toMatch(/certificate|could not be opened/i);

  // Another takes its place, or it lost its certificate: its clients are told before anything is sent.
  const { port } = new URL(url);
  await server!.close();
  await rm(join(data, "tls"), { recursive: true });
  await start(Number(port));
  const changed = await there(url, "list");
  expect(changed).toMatchObject({ code: 4, text: expect.stringMatching(/has changed[^]*Someone may be in between[^]*--fingerprint/) as string });
  expect(changed.text).toContain(fingerprint);
  expect(await cli(["login", "--url", url, "--code", await codeOf()])).toMatchObject({ code: 4, text: expect.stringContaining("has changed") as string });
  const fresh = /--fingerprint ([0-9A-F:]+)/.exec(changed.text)![1]!;
  expect(await cli(["login", "--url", url, "--code", await codeOf(), "--fingerprint", fresh])).toMatchObject({ code: 0 });
  expect(await there(url, "list")).toMatchObject({ code: 0 });
});

it("a certificate of the site's, for another name than loopback, does not keep this machine's own command line out", async () => {
  using authority = new TestAuthority();
  const pair = authority.issue("polyvisor.lab", "serverAuth", ["DNS:polyvisor.lab"]);
  await mkdir(data, { mode: 0o711 });
  const tls = { kind: "site" as const, certificate: join(data, "site.pem"), key: join(data, "site.key") };
  await writeFile(tls.certificate, pair.cert);
  await writeFile(tls.key, pair.key, { mode: 0o600 });
  await start(0, tls);
  expect(await here("list")).toMatchObject({ code: 0 });
});

it("a token is never sent to one whose certificate is not the known one", async () => {
  const { url } = await start();
  const token = (await readFile(join(data, "local-token"), "utf8")).trim();
  const code = await codeOf();
  const { text } = await cli(["login", "--url", url, "--code", code]);
  expect(await cli(["login", "--url", url, "--code", code, "--fingerprint", /SHA-256 is ([0-9A-F:]+)/.exec(text)![1]!])).toMatchObject({ code: 0 });
  await server!.close();
  server = undefined;
  using authority = new TestAuthority();
  const received: Buffer[] = [];
  const thief = createServer({ ...authority.issue("127.0.0.1", "serverAuth", ["IP:127.0.0.1"]) }, (socket) =>
    socket.on("data", (chunk) => received.push(chunk)).on("error", () => undefined),
  );
  await new Promise<void>((resolve) => thief.listen(Number(new URL(url).port), "127.0.0.1", resolve));
  try {
    expect(await there(url, "list")).toMatchObject({ code: 4 });
    expect(await cli(["list"], { POLYVISOR_DATA: "", POLYVISOR_URL: url, POLYVISOR_TOKEN: token })).toMatchObject({ code: 4 });
    expect(received).toEqual([]);
  } finally {
    thief.close();
  }
});
