import { apiBase } from "@polyvisor/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";

let site: SitePostgres;
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());

describe.each(["private", "url"])("over the %s database", (kind) => {
  let lab: LabServer;
  beforeAll(async () => {
    lab = await startLabServer(kind === "url" ? await site.database() : undefined);
  });
  afterAll(() => lab.close());

  const send = (method: string, path: string, options: { headers?: Record<string, string>; body?: string } = {}): Promise<Response> =>
    fetch(lab.url + path, {
      method,
      headers: { authorization: `Bearer ${lab.token}`, ...(options.body === undefined ? {} : { "content-type": "application/json" }), ...options.headers },
      body: options.body,
      signal: AbortSignal.timeout(15_000),
    });
  const cursor = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString("base64url");
  const big = "x".repeat(10 * 1024 * 1024);
  test.each<[string, string, string, { body?: string; headers?: Record<string, string> }, number, string, RegExp]>([
    ["an unknown field", "POST", "/tokens", { body: '{"name":"a","colour":1}' }, 400, "badRequest", /\/colour/],
    ["an unknown query", "GET", "/vms?page=2", {}, 400, "badRequest", /query page/],
    ["a query where there is none", "GET", "/account?x=1", {}, 400, "badRequest", /query x/],
    ["a query twice", "GET", "/vms?limit=1&limit=2", {}, 400, "badRequest", /query limit/],
    ["a body where there is none", "POST", "/sign-in-codes", { body: '{"x":1}' }, 400, "badRequest", /\/x/],
    ["a wrong type", "POST", "/tokens", { body: '{"name":[]}' }, 400, "badRequest", /\/name/],
    ["10 MB and more", "POST", "/tasks", { body: JSON.stringify({ reason: big }) }, 413, "tooLarge", /10485760/],
    ["100 kB without sign-in", "POST", "/sessions", { body: JSON.stringify({ code: big.slice(0, 100_000) }) }, 413, "tooLarge", /bytes/],
    ["deep JSON", "POST", "/tasks", { body: '{"request":'.repeat(100) + "1" + "}".repeat(100) }, 400, "badRequest", /deeper/],
    ["half of JSON", "POST", "/tasks", { body: '{"request":' }, 400, "badRequest", /not JSON/],
    ["JSON of another kind", "POST", "/tasks", { body: '"text"' }, 400, "badRequest", /expected object/],
    ["an empty body", "POST", "/tasks", { body: "" }, 400, "badRequest", /empty/],
    ["a form", "POST", "/tasks", { body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } }, 415, "unsupportedMedia", /content type/],
    [
      "bytes where JSON belongs",
      "POST",
      "/tasks",
      { body: "{}", headers: { "content-type": "application/octet-stream" } },
      415,
      "unsupportedMedia",
      /content type/,
    ],
    ["a prototype", "POST", "/tokens", { body: '{"name":"a","__proto__":{"admin":1}}' }, 400, "badRequest", /__proto__/],
    ["a constructor", "POST", "/tokens", { body: '{"name":"a","constructor":{"prototype":{}}}' }, 400, "badRequest", /\/constructor/],
    ["a path upwards", "GET", "/vms/..%2F..%2Fetc%2Fpasswd", {}, 404, "notFound", /./],
    ["a NUL in a path", "GET", "/vms/a%00b", {}, 404, "notFound", /./],
    ["a NUL in a task's id", "GET", "/tasks/a%00b", {}, 404, "notFound", /./],
    ["a NUL in a token's id", "DELETE", "/tokens/a%00b", {}, 404, "notFound", /./],
    ["a NUL in a query", "GET", "/events?since=0&objectId=a%00b", {}, 400, "badRequest", /query objectId/],
    ["a NUL in a body", "POST", "/tokens", { body: '{"name":"a\\u0000b"}' }, 400, "badRequest", /\/name/],
    [
      "a NUL in a task's reason",
      "POST",
      "/tasks",
      { body: '{"request":{"do":"vm.pause","select":"name=none"},"reason":"\\u0000"}' },
      400,
      "badRequest",
      /\/reason/,
    ],
    ["a NUL in a host's name", "POST", "/hosts", { body: '{"uri":"sim://nul/host-0001?vms=1","name":"a\\u0000"}' }, 400, "badRequest", /\/name/],
    [
      "a NUL in the name of one who is not signed in",
      "POST",
      "/sessions",
      { body: '{"name":"a\\u0000","passPhrase":"correct horse"}' },
      400,
      "badRequest",
      /\/name/,
    ],
    [
      "half of a surrogate pair",
      "POST",
      "/tasks",
      { body: '{"request":{"do":"vm.pause","select":"name=none"},"reason":"\\ud800"}' },
      400,
      "badRequest",
      /\/reason/,
    ],
    ["a broken escape", "GET", "/vms/%E0%A4%A", {}, 400, "badRequest", /path/],
    ["an endless name", "GET", `/vms/${"a".repeat(2000)}`, {}, 404, "notFound", /./],
    ["a wrong method", "DELETE", "/vms", {}, 405, "methodNotAllowed", /GET/],
    ["an unknown path", "GET", "/nothing", {}, 404, "notFound", /path/],
    ["a selector with a mistake", "GET", "/vms?filter=color%3Dred", {}, 400, "badRequest", /"color"[^]*character 1/],
    ["a cursor that is not ours", "GET", "/vms?cursor=nonsense", {}, 400, "badRequest", /cursor/],
    ["a cursor of tasks whose time is none", "GET", `/tasks?cursor=${cursor(["1", "t"])}`, {}, 400, "badRequest", /cursor/],
    ["a cursor of tasks with a NUL", "GET", `/tasks?cursor=${cursor(["2026-01-01T00:00:00.000Z", "\0"])}`, {}, 400, "badRequest", /cursor/],
    ["an unknown order", "GET", "/vms?sort=colour", {}, 400, "badRequest", /sort|colour/],
    ["an unknown field of the answer", "GET", "/vms?fields=name,colour", {}, 400, "badRequest", /"colour"/],
    ["a time that is none", "GET", "/load?limit=x", {}, 400, "badRequest", /query limit/],
    ["a key with a newline's cousin", "POST", "/tasks", { body: "{}", headers: { "idempotency-key": "a b" } }, 400, "badRequest", /Idempotency-Key/],
    ["a foreign entity tag", "PATCH", "/vms/x", { body: "{}", headers: { "if-match": "x" } }, 400, "badRequest", /If-Match/],
    ["a wrong URI", "POST", "/hosts", { body: '{"uri":"gopher://x"}' }, 400, "badUri", /gopher/],
    ["a pass phrase in a URI", "POST", "/hosts", { body: '{"uri":"qemu+ssh://u:geheim@h/system"}' }, 400, "badUri", /pass phrase/],
  ])("%s is refused with its name", async (_, method, path, options, status, code, detail) => {
    const answer = await send(method, apiBase + path, options);
    const text = await answer.text();
    expect(answer.status, text).toBe(status);
    expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    const problem = JSON.parse(text) as { code: string; detail: string; remedy: string };
    expect(problem).toMatchObject({ code, status });
    expect(problem.detail).toMatch(detail);
    expect(problem.remedy).not.toBe("");
    expect(text).not.toContain("geheim");
    expect(text.length).toBeLessThan(4_000);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });
});
