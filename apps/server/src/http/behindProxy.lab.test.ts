import { apiBase } from "@polyvisor/api";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { trustedProxies } from "./clientAddress.ts";

let site: SitePostgres;
/** The tests are the proxy at 127.0.0.1: the first server believes it, the second does not; both are of one site. */
let behind: LabServer;
let open: LabServer;
let pool: pg.Pool;
const phrase = "correct horse battery";
beforeAll(async () => {
  site = await startSitePostgres();
  const databaseUrl = await site.database();
  pool = new pg.Pool({ connectionString: databaseUrl, options: "-c search_path=polyvisor" });
  behind = await startLabServer(databaseUrl, undefined, { proxies: trustedProxies(["127.0.0.0/8"]) });
  open = await startLabServer(databaseUrl, behind);
  await behind.client.call("accountPassPhrase", { body: { new: phrase } });
});
afterAll(async () => {
  await pool.end();
  await open.close();
  await behind.close();
  await site.close();
});

async function post(
  server: LabServer,
  path: string,
  body: unknown,
  said: string | undefined,
  token?: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(server.url + apiBase + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(said === undefined ? {} : { "x-forwarded-for": said }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
const signIn = (server: LabServer, said: string | undefined, name = "admin", passPhrase = phrase) => post(server, "/sessions", { name, passPhrase }, said);

describe("behind a proxy", () => {
  test("sessions, audit log and history name the client, whatever the client says of itself", async () => {
    const { status, body } = await signIn(behind, "127.0.0.1, 10.9.9.9, 203.0.113.8");
    expect(status).toBe(201);
    const own = behind.as(String(body["token"]));
    const { items } = await own.call("sessionList", {});
    expect(items.find(({ current }) => current)!.address).toBe("203.0.113.8");
    const { body: made } = await post(behind, "/groups", { name: "seen" }, "203.0.113.9", String(body["token"]));
    const log = await behind.client.call("auditLogList", { query: { limit: 20 } });
    expect(log.items.find(({ entry }) => entry.action === "groupCreate")!.entry.from).toBe("203.0.113.9");
    expect(made["name"]).toBe("seen");
    await post(behind, "/hosts", { uri: "sim://proxy/host-0001?vms=1", name: "far" }, "203.0.113.10", String(body["token"]));
    const { rows } = await pool.query<{ origin: string }>("select origin from event where kind = 'host' order by id limit 1");
    expect(rows[0]!.origin).toBe("api 203.0.113.10");
  });

  test("a server that trusts nobody names the proxy", async () => {
    const { body } = await signIn(open, "203.0.113.8");
    const { items } = await open.as(String(body["token"])).call("sessionList", {});
    expect(items.find(({ current }) => current)!.address).toBe("127.0.0.1");
  });

  test.each(["unknown", "<script>", "1.2.3.4.5", "", "::ffff:999.1.1.1", "a".repeat(4000)])(
    "a header that holds %j is answered, and names the proxy",
    async (said) => {
      const { status, body } = await signIn(behind, said);
      expect(status).toBe(201);
      const { items } = await behind.as(String(body["token"])).call("sessionList", {});
      expect(items.find(({ current }) => current)!.address).toBe("127.0.0.1");
    },
  );
});

describe("guesses", () => {
  test("are counted by the client's address and not by the proxy's", async () => {
    const results = [];
    for (let i = 0; i < 12; i++) results.push((await signIn(behind, "198.51.100.1", "somebody", `guess ${i}`)).status);
    expect(results.slice(0, 10)).toEqual(Array(10).fill(401));
    expect(results.slice(10)).toEqual([429, 429]);
    expect((await signIn(behind, "198.51.100.2", "somebody", "guess")).status).toBe(401); // a neighbour by the same proxy
    // Nobody gets another count by what he puts before it.
    expect((await signIn(behind, "192.0.2.1, 198.51.100.1", "somebody", "guess")).status).toBe(429);
  });

  test("at one server count at every server", async () => {
    const results = [];
    for (let i = 0; i < 50; i++) results.push((await signIn(behind, `198.51.101.${i}`, "ghost", `guess ${i}`)).status);
    expect(new Set(results)).toEqual(new Set([401]));
    expect((await signIn(open, undefined, "ghost", "guess")).status).toBe(401); // this machine is no stranger
    expect((await signIn(open, "10.0.0.1", "ghost", "guess")).status).toBe(429); // by a proxy that is nobody's word
    expect((await signIn(behind, "198.51.102.1", "ghost", "guess")).status).toBe(429);
    // What was wrong at the other server is found in the store, and neither names nor addresses are.
    const { rows } = await pool.query<{ text: string }>("select string_agg(t::text, '') as text from sign_in_attempt t");
    expect(rows[0]!.text).not.toMatch(/ghost|198\.51/);
  });

  test("lock nobody out who was there before: neither at his device nor at his place", async () => {
    const first = await signIn(behind, "203.0.113.50");
    expect(first.status).toBe(201);
    const { device } = first.body;
    const results = [];
    for (let i = 0; i < 60; i++) results.push((await signIn(behind, `198.51.103.${i}`, "admin", `guess ${i}`)).status);
    expect(results).toContain(429);
    expect((await signIn(behind, "198.51.104.1")).status).toBe(429); // new there
    expect((await signIn(behind, "203.0.113.50")).status).toBe(201);
    expect((await post(behind, "/sessions", { name: "admin", passPhrase: phrase, device }, "198.51.104.2")).status).toBe(201);
    expect((await signIn(open, undefined)).status).toBe(201); // on the server's machine
  });
});
