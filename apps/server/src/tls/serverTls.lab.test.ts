import { once } from "node:events";
import { chmod, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { get, request } from "node:http";
import { get as getTls, type RequestOptions } from "node:https";
import { createConnection } from "node:net";
import path from "node:path";
import type { TLSSocket } from "node:tls";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestAuthority, type Pair } from "../../../../tests/lab/certificates.ts";
import type { Config } from "../config.ts";
import { makeDataFolder } from "../lab/labServer.ts";
import { until } from "../lab/until.ts";
import { startServer, type Server } from "../startServer.ts";

const log = pino({ level: "silent" });
let folder: string;
let server: Server | undefined;
beforeEach(async () => void (folder = await makeDataFolder()));
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(tls: Config["tls"], names: string[] = []): Promise<Server> {
  server = await startServer({ dataFolder: folder, listen: "127.0.0.1", port: 0, databaseUrl: undefined, names, logLevel: "error", tls }, log);
  return server;
}

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  fingerprint: string;
}
const ask = (url: string, options: RequestOptions): Promise<Answer> =>
  new Promise((resolve, reject) => {
    getTls(`${url}/healthz`, { agent: false, ...options }, (answer) => {
      const { fingerprint256 } = (answer.socket as TLSSocket).getPeerCertificate();
      answer.resume().once("end", () => resolve({ status: answer.statusCode!, headers: answer.headers, fingerprint: fingerprint256 }));
    }).once("error", reject);
  });
const place = async (pair: Pair): Promise<{ kind: "site"; certificate: string; key: string }> => {
  const [certificate, key] = [path.join(folder, "site.pem"), path.join(folder, "site.key")] as const;
  for (const [file, text] of [
    [certificate, pair.cert],
    [key, pair.key],
  ] as const) {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
  return { kind: "site", certificate, key };
};

test("a certificate of its own is made once, is kept, and serves the names it was given", async () => {
  const { url } = await start({ kind: "generated" }, ["polyvisor.example.com"]);
  expect(url).toMatch(/^https:/);
  const facts = JSON.parse(await readFile(path.join(folder, "server.json"), "utf8")) as { certificate: string };
  const first = await ask(url, { ca: facts.certificate });
  expect(first.status).toBe(200);
  expect((await ask(url, { ca: facts.certificate, servername: "polyvisor.example.com" })).fingerprint).toBe(first.fingerprint);
  expect(first.headers["strict-transport-security"]).toBeUndefined(); // a browser would then refuse it for good
  expect((await stat(path.join(folder, "tls/key.pem"))).mode & 0o777).toBe(0o600);
  expect((await stat(path.join(folder, "tls"))).mode & 0o777).toBe(0o700);
  await server!.close();
  expect((await ask((await start({ kind: "generated" })).url, { ca: facts.certificate })).fingerprint).toBe(first.fingerprint);
  await server!.close();
  // A new name makes a new one: the old would be refused under it.
  const second = await start({ kind: "generated" }, ["other.example.com"]);
  expect((await ask(second.url, { rejectUnauthorized: false })).fingerprint).not.toBe(first.fingerprint);
});

test("the site's certificate is used, tells browsers to stay with HTTPS, and is read again when it changes", async () => {
  using authority = new TestAuthority();
  const options = { ca: authority.cert, servername: "polyvisor.lab" };
  const { url } = await start(await place(authority.issue("first", "serverAuth", ["DNS:polyvisor.lab"])));
  const first = await ask(url, options);
  expect(first.headers["strict-transport-security"]).toBe("max-age=15552000");
  await place(authority.issue("second", "serverAuth", ["DNS:polyvisor.lab"]));
  const second = await until("the new certificate", async () => {
    const answer = await ask(url, options);
    return answer.fingerprint !== first.fingerprint && answer;
  });
  // One that does not fit changes nothing, also when asked for.
  await writeFile(path.join(folder, "site.key"), authority.issue("third", "serverAuth").key);
  await server!.reload();
  expect((await ask(url, options)).fingerprint).toBe(second.fingerprint);
  await place(authority.issue("fourth", "serverAuth", ["DNS:polyvisor.lab"]));
  await server!.reload(); // what SIGHUP does: at once
  expect((await ask(url, options)).fingerprint).not.toBe(second.fingerprint);
});

test("who speaks plain HTTP is told the right address, and who says nothing holds nothing up", async () => {
  const { url } = await start({ kind: "generated" });
  const plain = url.replace("https:", "http:");
  const [status, text] = await new Promise<[number, string]>((resolve, reject) => {
    get(`${plain}/api/v1/vms`, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      answer.once("end", () => resolve([answer.statusCode!, body]));
    }).once("error", reject);
  });
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({ code: "badRequest", detail: expect.stringContaining("speaks HTTPS") as string, remedy: `Use ${url} instead.` });
  // A body that is never read must not lose the answer.
  const posted = await new Promise<number>((resolve, reject) => {
    const asked = request(`${plain}/api/v1/tasks`, { method: "POST" }, (answer) => resolve(answer.resume().statusCode!)).once("error", reject);
    asked.end(Buffer.alloc(200_000));
  });
  expect(posted).toBe(400);
  const { port } = new URL(url);
  const silent = createConnection(Number(port), "127.0.0.1");
  await once(silent, "connect");
  const half = createConnection(Number(port), "127.0.0.1");
  half.write(Buffer.from([0x16, 0x03])); // a handshake that never goes on
  await once(half, "connect");
  const ended = Promise.all([once(silent, "close"), once(half, "close")]);
  half.on("error", () => undefined);
  silent.on("error", () => undefined);
  expect((await ask(url, { rejectUnauthorized: false })).status).toBe(200);
  await server!.close();
  server = undefined;
  await ended;
});

test("files that do not go together are refused before a database is made", async () => {
  using authority = new TestAuthority();
  const files = await place({ cert: authority.issue("a", "serverAuth").cert, key: authority.issue("b", "serverAuth").key });
  await expect(start(files)).rejects.toThrow(/is not that of the certificate/);
  await writeFile(files.key, "-----BEGIN PRIVATE KEY-----\ngeheim\n-----END PRIVATE KEY-----\n");
  await expect(start(files)).rejects.toThrow(/holds no private key(?![^]*geheim)/);
  await writeFile(files.certificate, "none");
  await expect(start(files)).rejects.toThrow(/holds no certificate/);
  await rm(files.certificate);
  await expect(start(files)).rejects.toThrow(/site\.pem cannot be read \(ENOENT\)/);
  await expect(stat(path.join(folder, "postgres"))).rejects.toThrow("ENOENT");
  await chmod(folder, 0o711);
});
