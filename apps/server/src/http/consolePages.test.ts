import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { registerConsolePages } from "./consolePages.ts";

let folder: string;
let app: FastifyInstance;
const html = { accept: "text/html,*/*" };

async function build(text: string): Promise<void> {
  await mkdir(join(folder, "assets"), { recursive: true });
  await writeFile(join(folder, "index.html"), text);
  await writeFile(join(folder, "favicon.svg"), "<svg/>");
  await writeFile(join(folder, "assets/main-abc.js"), "console.log(1)");
  await writeFile(join(folder, "assets/main-abc.js.br"), brotliCompressSync("console.log(1)"));
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvisor-console-"));
  app = fastify();
  registerConsolePages(app, "the landing page", folder);
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

it("shows the landing page where no console is built, and nothing else", async () => {
  expect((await app.inject({ url: "/", headers: html })).body).toBe("the landing page");
  expect((await app.inject({ url: "/vms", headers: html })).statusCode).toBe(404);
});

it("shows the console at every path of it, under a policy that runs no inline script", async () => {
  await build("<html>console");
  for (const url of ["/", "/vms", "/vms/vm-1/summary?x=1", "/index.html"]) {
    const answer = await app.inject({ url, headers: html });
    expect(answer.body).toBe("<html>console");
    expect(answer.headers["cache-control"]).toBe("no-cache");
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
  }
});

it("tells programs, and who asks for what is the API's, that there is nothing", async () => {
  await build("<html>console");
  expect((await app.inject({ url: "/vms", headers: { accept: "application/json" } })).statusCode).toBe(404);
  expect((await app.inject({ url: "/api/v1/nothing", headers: html })).statusCode).toBe(404);
  expect((await app.inject({ url: "/problems/nothing", headers: html })).statusCode).toBe(404);
});

it("gives files for good, packed where that is understood, and none from elsewhere", async () => {
  await build("<html>console");
  const packed = await app.inject({ url: "/assets/main-abc.js", headers: { "accept-encoding": "gzip, br" } });
  expect(packed.headers["content-encoding"]).toBe("br");
  expect(brotliDecompressSync(packed.rawPayload).toString()).toBe("console.log(1)");
  expect(packed.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(packed.headers["content-type"]).toContain("text/javascript");
  for (const encoding of [undefined, "gzip", "br;q=0", "identity"]) {
    const plain = await app.inject({ url: "/assets/main-abc.js", headers: encoding === undefined ? {} : { "accept-encoding": encoding } });
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.headers.vary).toBe("accept-encoding");
    expect(plain.body).toBe("console.log(1)");
  }
  for (const url of ["/assets/none.js", "/assets/../index.html", "/assets/%2e%2e/index.html", "/assets/main-abc.js.br"])
    expect((await app.inject({ url })).statusCode).not.toBe(200);
  expect((await app.inject({ url: "/favicon.svg" })).headers["content-type"]).toBe("image/svg+xml");
});

it("takes a build that is made while it runs", async () => {
  await build("first");
  expect((await app.inject({ url: "/", headers: html })).body).toBe("first");
  await build("second");
  await utimes(join(folder, "index.html"), new Date(), new Date(Date.now() + 5_000));
  expect((await app.inject({ url: "/", headers: html })).body).toBe("second");
});
