import { randomUUID } from "node:crypto";
import { apiBase } from "@polyvisor/api";
import type { Vm } from "@polyvisor/model";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";

let site: SitePostgres;
let databaseUrl: string;
let lab: LabServer;
let vm: Vm;
let pool: pg.Pool;
beforeAll(async () => {
  site = await startSitePostgres();
  databaseUrl = await site.database();
  lab = await startLabServer(databaseUrl);
  pool = new pg.Pool({ connectionString: databaseUrl, options: "-c search_path=polyvisor" });
  await lab.client.call("hostAdd", { body: { uri: "sim://keys/host-0001?vms=4" } });
  vm = await until("a VM", async () => (await lab.client.call("vmList", {})).items[0]);
});
afterAll(async () => {
  await pool.end();
  await lab.close();
  await site.close();
});

interface Sent {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}
async function send(method: string, path: string, key: string | undefined, body?: unknown, headers: Record<string, string> = {}): Promise<Sent> {
  const answer = await fetch(`${lab.url}${apiBase}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${lab.token}`,
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}
/** As after a kill of the server between the two: the row is as a dead server left it. */
const left = (key: string, state: "begun" | "kept"): Promise<unknown> =>
  pool.query("update request_key set state = $2, answer = null, alive_until = now() where key = $1", [key, state]);

describe("a write with a key", () => {
  test("is answered the same each time, with status, body and ETag, and done once", async () => {
    const key = randomUUID();
    const first = await send("POST", "/accounts", key, { name: "once" });
    const again = await send("POST", "/accounts", key, { name: "once" });
    expect(first.status).toBe(201);
    expect([again.status, again.body, again.headers.get("etag")]).toEqual([201, first.body, first.headers.get("etag")]);
    expect(again.headers.get("etag")).toMatch(/^"\d+"$/);
    expect([first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")]).toEqual([null, "true"]);
  });

  test("is a conflict when the key stands for another request, whatever differs", async () => {
    const key = randomUUID();
    expect((await send("PATCH", `/vms/${vm.id}`, key, { notes: "a" })).status).toBe(200);
    for (const other of [
      send("PATCH", `/vms/${vm.id}`, key, { notes: "b" }),
      send("PATCH", `/vms/${vm.id}`, key, { notes: "a" }, { "if-match": '"1"' }),
      send("POST", "/groups", key, { name: "x" }),
      send("DELETE", "/groups/x", key),
    ])
      expect((await other).body).toMatchObject({ code: "conflict", where: "Idempotency-Key" });
  });

  test("is done once by as many as send it at the same time", async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send("POST", "/groups", key, { name: "together" })));
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body["id"])}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get("idempotency-replayed") === null)).toHaveLength(1);
  });

  test("that was refused did nothing, and is tried anew", async () => {
    const key = randomUUID();
    await send("POST", "/groups", undefined, { name: "taken" });
    expect((await send("POST", "/groups", key, { name: "taken" })).body["code"]).toBe("nameTaken");
    expect((await send("DELETE", "/groups/taken", undefined)).status).toBe(204);
    expect((await send("POST", "/groups", key, { name: "taken" })).status).toBe(201);
  });

  test("is of one account alone", async () => {
    const key = randomUUID();
    const { token } = await lab.client.call("tokenCreate", { body: { name: "mine" } });
    const { id } = await lab.client.call("accountCreate", { body: { name: "neighbour", groups: ["administrators"] } });
    const code = await lab.client.call("accountCode", { params: { id } });
    const session = await lab.as(undefined).call("sessionCreate", { body: { code: code.code } });
    const of = (other: string) => lab.as(other).raw("vmChange", { params: { id: vm.id }, body: { notes: "n" }, idempotencyKey: key });
    expect((await of(token)).headers.get("idempotency-replayed")).toBeNull();
    expect((await of(session.token)).headers.get("idempotency-replayed")).toBeNull();
    expect((await of(token)).headers.get("idempotency-replayed")).toBe("true");
  });
});

describe("what a crash leaves", () => {
  test("a change that the journal committed is not made again, and its object is the answer", async () => {
    const key = randomUUID();
    const body = { notes: `kept ${key}` };
    const first = await send("PATCH", `/vms/${vm.id}`, key, body);
    const { rows } = await pool.query<{ object: string }>("select object from request_key where key = $1", [key]);
    expect(rows[0]!.object).toBe(vm.id); // marked in the transaction of the change
    await left(key, "kept");
    await send("PATCH", `/vms/${vm.id}`, undefined, { notes: "another's, since" });
    const again = await send("PATCH", `/vms/${vm.id}`, key, body);
    expect(again.status).toBe(200);
    expect(again.body["notes"]).toBe("another's, since");
    expect(again.body["revision"]).toBe((first.body["revision"] as number) + 1);
  });

  test("what was begun and can be done again is done again", async () => {
    const key = randomUUID();
    await send("PATCH", `/vms/${vm.id}`, key, { notes: "begun" });
    await left(key, "begun");
    await send("PATCH", `/vms/${vm.id}`, undefined, { notes: "other" });
    expect((await send("PATCH", `/vms/${vm.id}`, key, { notes: "begun" })).body["notes"]).toBe("begun");
  });

  test("what may have been deleted is deleted", async () => {
    const key = randomUUID();
    await send("POST", "/groups", undefined, { name: "going" });
    expect((await send("DELETE", "/groups/going", key)).status).toBe(204);
    expect((await send("DELETE", "/groups/going", key)).status).toBe(204);
    await left(key, "begun");
    expect((await send("DELETE", "/groups/going", key)).status).toBe(204);
    expect((await send("DELETE", "/groups/going", randomUUID())).body["code"]).toBe("notFound");
  });

  test("a name that may be the first attempt's is told as such, and a second token is never made", async () => {
    const [named, token] = [randomUUID(), randomUUID()];
    await send("POST", "/groups", named, { name: "perhaps" });
    await send("POST", "/tokens", token, { name: "perhaps" });
    await left(named, "begun");
    await left(token, "begun");
    expect((await send("POST", "/groups", named, { name: "perhaps" })).body).toMatchObject({ code: "interrupted", detail: expect.stringContaining("perhaps") });
    expect((await send("POST", "/tokens", token, { name: "perhaps" })).body).toMatchObject({ code: "interrupted" });
    const { items } = await lab.client.call("tokenList", {});
    expect(items.filter(({ name }) => name === "perhaps")).toHaveLength(1);
  });

  test("nothing of a request or its answer can be read in the database, and a token is repeated for minutes only", async () => {
    const key = randomUUID();
    const made = await send("POST", "/tokens", key, { name: "sealed" });
    expect((await send("POST", "/tokens", key, { name: "sealed" })).body["token"]).toBe(made.body["token"]);
    const { rows } = await pool.query<{ text: string; minutes: number }>(
      "select encode(answer, 'escape') || encode(request, 'escape') as text, extract(epoch from expires_at - now()) / 60 as minutes from request_key where key = $1",
      [key],
    );
    expect(rows[0]!.text).not.toContain(String(made.body["token"]));
    expect(Number(rows[0]!.minutes)).toBeLessThanOrEqual(10);
  });
});

test("a key where none can hold is refused, and so is a condition that would not be looked at", async () => {
  const anyone = await fetch(`${lab.url}${apiBase}/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": "k" },
    body: JSON.stringify({ code: "AAAA-AAAA-AAAA" }),
  });
  expect(await anyone.json()).toMatchObject({ code: "badRequest", where: "header Idempotency-Key" });
  expect((await send("PUT", "/groups/together/members/once", undefined, undefined, { "if-match": '"1"' })).body).toMatchObject({
    code: "badRequest",
    where: "header If-Match",
  });
});

test("nobody overwrites or removes what changed meanwhile, and learns its present revision", async () => {
  const { body: account } = await send("POST", "/accounts", undefined, { name: "watched" });
  const { body: group } = await send("POST", "/groups", undefined, { name: "watched" });
  const { body: role } = await send("POST", "/roles", undefined, { name: "watched", permissions: ["vm.view"] });
  const { body: folder } = await send("POST", "/folders", undefined, { name: "watched" });
  const { body: retention, headers } = await send("GET", "/history/retention", undefined);
  expect(headers.get("etag")).toBe(`"${String(retention["revision"])}"`);
  const objects: [path: string, seen: Record<string, unknown>, patch: object][] = [
    [`/accounts/${String(account["id"])}`, account, { displayName: "W" }],
    [`/groups/${String(group["id"])}`, group, { description: "W" }],
    [`/roles/${String(role["id"])}`, role, { description: "W" }],
    [`/folders/${String(folder["id"])}`, folder, { name: "watched-2" }],
    ["/history/retention", retention, { maxBytes: 5_000_000_000 }],
  ];
  for (const [path, seen, patch] of objects) {
    const then = { "if-match": `"${String(seen["revision"])}"` };
    const changed = await send("PATCH", path, undefined, patch, then);
    expect([changed.status, changed.body["revision"]], path).toEqual([200, (seen["revision"] as number) + 1]);
    const present = String(changed.body["revision"]);
    for (const method of path.startsWith("/history") ? ["PATCH"] : ["PATCH", "DELETE"]) {
      const late = await send(method, path, undefined, method === "PATCH" ? patch : undefined, then);
      expect(late.body, `${method} ${path}`).toMatchObject({
        status: 412,
        code: "changedMeanwhile",
        detail: expect.stringMatching(new RegExp(`revision ${present} now`)),
      });
    }
    if (!path.startsWith("/history")) expect((await send("DELETE", path, undefined, undefined, { "if-match": `"${present}"` })).status, path).toBe(204);
  }
});
