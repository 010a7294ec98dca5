import { createConnection } from "node:net";
import { gzipSync } from "node:zlib";
import { apiBase, routeUrl } from "@polyvisor/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { until } from "../lab/until.ts";

let lab: LabServer;
let token: string;
beforeAll(async () => {
  lab = await startLabServer();
  await lab.client.call("hostAdd", { body: { uri: "sim://hostile/host-0001?vms=5", name: "secret-host" } });
  await until("the VMs", async () => (await lab.client.call("vmList", { query: {} })).total === 5);
  token = `Authorization: Bearer ${lab.token}`;
});
afterAll(() => lab.close());

/** Bytes as they are, and all that comes back until the server closes or has been silent with a whole answer. */
function raw(text: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(Number(new URL(lab.url).port), "127.0.0.1");
    let got = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => (got += chunk));
    socket
      .once("close", () => resolve(got))
      .once("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(got) : reject(error)));
    socket.setTimeout(20_000, () => reject(new Error(`no end after: ${got}`)));
    socket.write(text);
  });
}
const lines = (...all: string[]): string => `${all.join("\r\n")}\r\n\r\n`;
const answers = (text: string): string[] => text.match(/HTTP\/1\.1 \d{3}/g) ?? [];

describe("a request that two readers could read in two ways", () => {
  // What an attacker hides behind the first request must never be answered as a second one.
  const hidden = lines("GET /api/v1/account HTTP/1.1", "Host: localhost", "Connection: close");
  test.each<[string, string[]]>([
    ["two lengths", ["Content-Length: 2", "Content-Length: 60"]],
    ["a length and chunks", ["Content-Length: 2", "Transfer-Encoding: chunked"]],
    ["a length that is none", ["Content-Length: 2, 3"]],
    ["a negative length", ["Content-Length: -1"]],
    ["a coding that only looks like chunks", ["Transfer-Encoding: chunked, identity"]],
    ["a blank before the colon", ["Content-Length : 2"]],
    ["a folded header", ["Content-Length:", " 2"]],
    ["a lone line feed in a header", ["X: a\nContent-Length: 60"]],
    ["a NUL in a header", ["X: a\0b"]],
  ])("%s is refused, and the connection ends there", async (_, headers) => {
    const got = await raw(`${lines("POST /api/v1/tasks HTTP/1.1", "Host: localhost", token, "Content-Type: application/json", ...headers)}{}${hidden}`);
    expect(answers(got)).toEqual(["HTTP/1.1 400"]);
    expect(got).toContain('"code":"badRequest"');
  });
});

describe("headers", () => {
  test.each<[string, string, number]>([
    ["none to say for whom it is", lines("GET /api/v1/info HTTP/1.1", "Connection: close"), 400],
    ["one that is too long", lines("GET /api/v1/info HTTP/1.1", "Host: localhost", `X: ${"x".repeat(64 * 1024)}`), 400],
    ["a method that does not exist", lines("HACK /api/v1/info HTTP/1.1", "Host: localhost"), 400],
    ["HTTP of another version", lines("GET /api/v1/info HTTP/9.9", "Host: localhost"), 400],
  ])("%s", async (_, text, status) => expect(answers(await raw(text))).toEqual([`HTTP/1.1 ${status}`]));

  test("that only a proxy may set change nothing: not the method, the path, the name or the address", async () => {
    const headers = {
      "x-http-method-override": "DELETE",
      "x-original-url": `${apiBase}/info`,
      "x-rewrite-url": `${apiBase}/info`,
      "x-forwarded-for": "10.9.9.9",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      forwarded: "for=10.9.9.9;host=evil.example",
    };
    const anonymous = await fetch(`${lab.url}${apiBase}/vms`, { headers });
    expect(anonymous.status).toBe(401);
    const answer = await fetch(`${lab.url}${apiBase}/vms`, { method: "GET", headers: { ...headers, authorization: `Bearer ${lab.token}` } });
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain("evil.example");
    // Who guesses cannot change the address that he is slowed by.
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++)
      statuses.push(
        (
          await fetch(`${lab.url}${apiBase}/sessions`, {
            method: "POST",
            headers: { "content-type": "application/json", "x-forwarded-for": `10.0.0.${i}` },
            body: '{"code":"AAAA-AAAA-AAAA"}',
          })
        ).status,
      );
    expect(statuses.at(-1)).toBe(429);
  });

  test("named as a prototype's fields reach none", async () => {
    const answer = await raw(lines("GET /api/v1/info HTTP/1.1", "Host: localhost", "__proto__: polluted", "constructor: polluted", "Connection: close"));
    expect(answers(answer)).toEqual(["HTTP/1.1 200"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("paths", () => {
  test.each([
    "//api/v1/vms",
    "/api/v1//vms",
    "/api/v1/./vms",
    "/api/v1/x/../vms",
    "/api/v1/%2e%2e/v1/vms",
    "/api/v1/vms/",
    "/API/V1/VMS",
    "/api/v1/vms;a=b",
    "/api/v1/vms%2f",
    "/api/v1/vms%00",
    "/api/v1\\vms",
    "/healthz/../api/v1/vms",
    "/..;/api/v1/vms",
    "/problems/..%2f..%2f..%2fetc%2fpasswd",
    "/api/v1/info/../vms",
    "http://localhost/api/v1/vms",
    "http://evil.example/api/v1/vms",
  ])("%s shows nothing to who is not signed in", async (path) => {
    const got = await raw(lines(`GET ${path} HTTP/1.1`, "Host: localhost", "Connection: close"));
    expect(answers(got)[0]).toMatch(/ (400|401|403|404)$/);
    expect(got).not.toContain("secret-host");
    expect(got).not.toContain("root:");
    expect(got).toContain("application/problem+json");
  });
});

describe("queries and bodies with the names of a prototype's fields", () => {
  test.each([
    "?__proto__[admin]=1",
    "?__proto__=1",
    "?constructor=1",
    "?constructor[prototype][admin]=1",
    "?filter[__proto__]=1",
    "?limit=1&__proto__.limit=9",
    "?hasOwnProperty=1",
    "?toString=1",
  ])("%s", async (query) => {
    const answer = await fetch(`${lab.url}${apiBase}/vms${query}`, { headers: { authorization: `Bearer ${lab.token}` } });
    expect(answer.status).toBe(400);
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
    expect((await fetch(`${lab.url}${apiBase}/vms`, { headers: { authorization: `Bearer ${lab.token}` } })).status).toBe(200);
  });
  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"])(
    "an object called %s is not found, and none is sorted or shown by it",
    async (name) => {
      const get = async (path: string): Promise<number> =>
        (await fetch(`${lab.url}${apiBase}${path}`, { headers: { authorization: `Bearer ${lab.token}` } })).status;
      for (const noun of ["vms", "hosts", "datastores", "networks", "tasks"]) expect(await get(`/${noun}/${name}`), noun).toBe(404);
      expect(await get(`/vms?sort=${name}`)).toBe(400);
      expect(await get(`/vms?fields=${name}`)).toBe(400);
      expect(await get(`/vms?filter=${encodeURIComponent(`${name} = x`)}`)).toBe(400);
    },
  );
  test("hidden in JSON's other spellings", async () => {
    for (const body of ['{"name":"a","\\u005f\\u005fproto\\u005f\\u005f":{"admin":1}}', '{"name":"a","__proto\\u005f_":{"admin":1}}', '[{"__proto__":1}]']) {
      const answer = await fetch(`${lab.url}${apiBase}/tokens`, {
        method: "POST",
        headers: { authorization: `Bearer ${lab.token}`, "content-type": "application/json" },
        body,
      });
      expect(answer.status).toBe(400);
    }
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });
});

describe("packed bodies", () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 ** 2)); // 50 MB in 50 kB
  test.each(["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip"])("%s is never unpacked, nor taken for what is in it", async (encoding) => {
    for (const type of ["application/json", "application/octet-stream"]) {
      const stores = await lab.client.call("datastoreList", { query: {} });
      const path = type === "application/json" ? routeUrl("taskCreate") : routeUrl("volumeWrite", { id: stores.items[0]!.id, volume: "x" });
      const answer = await fetch(lab.url + path, {
        method: type === "application/json" ? "POST" : "PUT",
        headers: { authorization: `Bearer ${lab.token}`, "content-type": type, "content-encoding": encoding },
        body: bomb,
      });
      expect(answer.status).toBe(415);
      expect(await answer.json()).toMatchObject({ code: "unsupportedMedia", detail: expect.stringContaining("Content-Encoding") as string });
    }
  });
});

test("JSON that nests a million times, or has a million fields, costs no more than its bytes", async () => {
  const send = (body: string): Promise<Response> =>
    fetch(`${lab.url}${apiBase}/tasks`, { method: "POST", headers: { authorization: `Bearer ${lab.token}`, "content-type": "application/json" }, body });
  for (const body of ["[".repeat(1_000_000), '{"a":'.repeat(1_000_000), `[${'"\\\\",['.repeat(100_000)}`]) expect((await send(body)).status).toBe(400);
  const wide = `{${Array.from({ length: 300_000 }, (_, i) => `"f${i}":1`).join(",")}}`;
  const answer = await send(wide);
  expect(answer.status).toBe(400);
  expect((await answer.text()).length).toBeLessThan(4_000); // names some, not all
  expect((await send('{"request":{"do":"vm.pause","select":"name=none"},"reason":"1e400","n":1e400}')).status).toBe(400);
});
