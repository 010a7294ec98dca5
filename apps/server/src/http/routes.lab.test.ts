import { apiBase, contracts, routePaths, routeUrl, type Contract, type RouteName } from "@polyvisor/api";
import type { Host, Vm } from "@polyvisor/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromBase32 } from "../lab/base32.ts";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { hotp, stepOf } from "../identity/totp.ts";

let site: SitePostgres;
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());

describe.each(["private", "url"])("the API over the %s database", (kind) => {
  let lab: LabServer;
  let host: Host;
  let vm: Vm;
  beforeAll(async () => {
    lab = await startLabServer(kind === "url" ? await site.database() : undefined);
    host = await lab.client.call("hostAdd", { body: { uri: "sim://routes/host-0001?vms=30&seed=7", tags: ["lab"] } });
    const page = await until("the VMs", async () => {
      const { items, total } = await lab.client.call("vmList", { query: { limit: 30 } });
      return total === 30 && items.some((each) => each.state === "running") && items;
    });
    vm = page.find((each) => each.state === "running")!;
  });
  afterAll(() => lab.close());

  const send = (method: string, path: string, options: { headers?: Record<string, string>; body?: string } = {}): Promise<Response> =>
    fetch(lab.url + path, {
      method,
      headers: { authorization: `Bearer ${lab.token}`, ...(options.body === undefined ? {} : { "content-type": "application/json" }), ...options.headers },
      body: options.body,
      signal: AbortSignal.timeout(15_000),
    });
  const params = (route: RouteName): Record<string, string> =>
    route.startsWith("vm") ? { id: vm.id } : { id: "h-000000000000", volume: "x", account: "nobody" };

  test.each(Object.keys(routePaths) as RouteName[])("%s asks who you are before anything else", async (route) => {
    const [method] = routePaths[route];
    const path = routeUrl(route, params(route));
    for (const token of [undefined, "pv_wrong", `pv_${"A".repeat(43)}`]) {
      const answer = await fetch(lab.url + path, { method, headers: token ? { authorization: `Bearer ${token}` } : {} });
      if (contracts[route].who === "anyone") expect(answer.status).not.toBe(403);
      else {
        expect(answer.status).toBe(401);
        expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
        expect(await answer.json()).toMatchObject({ code: "notSignedIn" });
      }
    }
  });

  // Every route that answers JSON is asked in a way that succeeds; its answer is held against the contract.
  const asked = new Set<RouteName>();
  async function ask(route: RouteName, args: { params?: object; query?: object; body?: object } = {}): Promise<unknown> {
    asked.add(route);
    const contract: Contract = contracts[route];
    const answer = await send(
      routePaths[route][0],
      routeUrl(route, args.params as never, args.query as never),
      args.body === undefined ? {} : { body: JSON.stringify(args.body) },
    ).catch((error: unknown) => {
      throw new Error(`${route} did not answer`, { cause: error });
    });
    const text = await answer.text();
    expect(answer.status, text).toBe(contract.status);
    expect(answer.headers.get("x-request-id")).toMatch(/^[\w-]{12}$/);
    if (!contract.response) return text;
    const body: unknown = JSON.parse(text);
    const checked = contract.response.safeParse(body);
    expect(checked.error?.issues ?? []).toEqual([]);
    expect(checked.data).toEqual(body); // nothing is sent that the contract does not name
    return body;
  }

  test("every answer is what its contract says", async () => {
    await ask("infoGet");
    await ask("openapiGet");
    await ask("accountGet");
    await ask("tokenList");
    const token = (await ask("tokenCreate", { body: { name: "robot", expiresInSeconds: 3600 } })) as { id: string; token: string };
    expect((await lab.as(token.token).call("accountGet")).name).toBe("admin");
    await ask("tokenDelete", { params: { id: token.id } });
    await expect(lab.as(token.token).call("accountGet")).rejects.toMatchObject({ problem: { code: "notSignedIn" } }); // at once
    const { code } = (await ask("signInCodeCreate")) as { code: string };
    const session = (await ask("sessionCreate", { body: { code } })) as { token: string };
    await lab.as(session.token).call("accountPassPhrase", { body: { new: " correct horse  battery " } });
    asked.add("accountPassPhrase");
    const byPhrase = (await ask("sessionCreate", { body: { name: "admin", passPhrase: " correct horse  battery " } })) as { token: string };
    await lab.as(byPhrase.token).call("sessionDelete");
    asked.add("sessionDelete");
    await expect(lab.as(byPhrase.token).call("accountGet")).rejects.toMatchObject({ problem: { code: "notSignedIn" } });

    const made = (await ask("accountCreate", { body: { name: "alice", displayName: "Alice Ångström" } })) as { id: string };
    await ask("accountList", { query: { limit: "1" } });
    await ask("accountShow", { params: { id: "alice" } });
    await ask("accountChange", { params: { id: made.id }, body: { displayName: "A." } });
    await ask("accountCode", { params: { id: "alice" } });
    await ask("accountReset", { params: { id: "alice" } });
    await ask("groupCreate", { body: { name: "night shift" } });
    await ask("groupList");
    await ask("memberAdd", { params: { id: "night shift", account: "alice" } });
    await ask("groupGet", { params: { id: "night shift" } });
    await ask("groupChange", { params: { id: "night shift" }, body: { name: "nights" } });
    await ask("memberRemove", { params: { id: "nights", account: "alice" } });
    await ask("groupRemove", { params: { id: "nights" } });
    await ask("accountRemove", { params: { id: "alice" } });
    await ask("signInWays");
    await ask("passkeySignIn");
    await ask("passkeyBegin");
    await ask("passkeyList");
    const { secret } = (await ask("totpBegin")) as { secret: string };
    const codeAfter = (steps: number): string => hotp(fromBase32(secret), stepOf(Date.now()) + steps);
    const confirmed = (await ask("totpConfirm", { body: { code: codeAfter(0) } })) as { recoveryCodes: string[] };
    await ask("recoveryCodes", { body: { code: confirmed.recoveryCodes[0] } });
    await ask("totpRemove", { body: { code: codeAfter(1) } });
    const directory = { kind: "ldap", urls: ["ldap://127.0.0.1:1"], baseDn: "dc=example,dc=org", bindDn: "cn=reader" };
    await ask("identityProviderPut", { params: { id: "corp" }, body: { settings: directory, secret: "never shown" } });
    expect(JSON.stringify([await ask("identityProviderList"), await ask("identityProviderGet", { params: { id: "corp" } })])).not.toContain("never shown");
    expect(await ask("identityProviderTest", { params: { id: "corp" }, body: {} })).toMatchObject({ ok: false });
    await ask("identityProviderRemove", { params: { id: "corp" } });
    const sessions = (await ask("sessionList", { query: { all: "true" } })) as { items: { id: string }[] };
    await ask("sessionRevoke", { params: { id: sessions.items[0]!.id } });

    await ask("hostList", { query: { filter: "tag=lab", sort: "-name" } });
    await ask("hostGet", { params: { id: host.name } });
    await ask("hostTest", { body: { uri: "sim://other/host-0001?vms=3" } });
    await ask("hostChange", { params: { id: host.id }, body: { tags: ["lab", "changed"] } });
    const second = (await ask("hostAdd", { body: { uri: "sim://routes/host-0002?vms=1", name: "second" } })) as Host;
    await ask("hostReconnect", { params: { id: second.id } });
    await ask("hostRemove", { params: { id: second.id } });
    await ask("hostSamples", { params: { id: host.id } });
    await ask("sampleStorage");
    await ask("loadList");
    await ask("vmList", { query: { counts: "true", limit: "5", filter: "name=*" } });
    const words = { text: "tag = l", kind: "host" };
    expect(await ask("filterComplete", { query: words })).toMatchObject({ from: 6, candidates: [{ text: "lab", type: "value" }], canonical: "tag = l" });
    expect(await ask("filterComplete", { query: { text: "stat = x" } })).toMatchObject({ fault: { at: 0, end: 4, suggestion: "state" } });
    expect(await ask("search", { query: { q: host.name } })).toMatchObject({ items: [{ kind: "host", id: host.id }], totals: { host: 1 } });
    await ask("vmGet", { params: { id: vm.id } });
    await ask("vmChange", { params: { id: vm.id }, body: { tags: ["web"], notes: "ours" } });
    await ask("vmExplain", { params: { id: vm.id } });
    await ask("vmSamples", { params: { id: vm.id }, query: { from: new Date(Date.now() - 60_000).toISOString() } });
    expect(await ask("vmDefinition", { params: { id: vm.id } })).toMatch(/^<domain/);
    await ask("vmScreenshot", { params: { id: vm.id } });
    const stores = (await ask("datastoreList")) as { items: { id: string }[] };
    await ask("datastoreGet", { params: { id: stores.items[0]!.id } });
    const networks = (await ask("networkList")) as { items: { id: string }[] };
    await ask("networkGet", { params: { id: networks.items[0]!.id } });
    await ask("templateList");
    await ask("planMake", { body: { request: { do: "vm.pause", vms: [vm.id] } } });
    const task = (await ask("taskCreate", { body: { request: { do: "vm.pause", vms: [vm.id] }, reason: "to see" } })) as { id: string };
    await until("the task's end", async () => ((await ask("taskGet", { params: { id: task.id } })) as { state: string }).state === "succeeded");
    await ask("taskList", { query: { limit: "1" } });
    await ask("taskCancel", { params: { id: task.id } });
    // Of two one is paused already: it fails, and is done again when it can be.
    const over = (id: string) => until("the task's end", async () => (await lab.client.call("taskGet", { params: { id } })).endedAt !== undefined);
    const other = (await lab.client.call("vmList", { query: { filter: "state = running" } })).items[0]!;
    const partly = (await ask("taskCreate", { body: { request: { do: "vm.pause", vms: [vm.id, other.id] } } })) as { id: string };
    const unpaused = (await ask("taskCreate", { body: { request: { do: "vm.unpause", vms: [vm.id] } } })) as { id: string };
    await Promise.all([over(partly.id), over(unpaused.id)]);
    expect(await ask("taskRetryPlan", { params: { id: partly.id } })).toMatchObject({ revisions: { [vm.id]: expect.any(Number) } });
    await ask("taskRetry", { params: { id: partly.id } });
    const past = { at: new Date().toISOString() };
    await ask("vmGet", { params: { id: vm.id }, query: past });
    await ask("vmList", { query: { ...past, filter: "host = host-0001", limit: "3" } });
    await ask("hostGet", { params: { id: host.id }, query: past });
    await ask("datastoreList", { query: past });
    await ask("networkGet", { params: { id: networks.items[0]!.id }, query: past });
    expect(await ask("vmHistory", { params: { id: vm.id }, query: { limit: "1" } })).toMatchObject({ objectId: vm.id, next: expect.any(String) as string });
    await ask("hostHistory", { params: { id: host.name } });
    await ask("datastoreHistory", { params: { id: stores.items[0]!.id } });
    await ask("networkHistory", { params: { id: networks.items[0]!.id } });
    await ask("historyDifferences", { query: { from: new Date(Date.now() - 1_000).toISOString(), kind: "vm", filter: "state = paused" } });
    await ask("eventList", { query: { kind: "vm", limit: "5" } });
    await ask("historyStorage");
    await ask("historyRetentionSet", { body: { days: { task: 90 } } });
    expect(await ask("historyRetentionGet")).toMatchObject({ days: { vm: 30, task: 90 }, maxBytes: 0 });
    const log = (await ask("auditLogList", { query: { limit: "1000" } })) as { items: { entry: { seq: number }; hash: string }[] };
    expect(log.items.length).toBeGreaterThan(10);
    await ask("auditCheckpointCreate");
    await ask("auditCheckpointList");
    await ask("auditLogArchive", { body: { seq: 1, hash: log.items.at(-1)!.hash } });
    const levels = (await ask("logLevelsGet")) as { level: string };
    expect(await ask("logLevelsSet", { body: { level: levels.level } })).toEqual(levels);
    expect(await ask("serverList")).toMatchObject({ items: [{ alive: true }] });
    await ask("permissionList");
    await ask("permissionWhy", { query: { permission: "vm.power", account: "admin", object: vm.id } });
    await ask("permissionEffective", { query: { object: `host/${host.name}` } });
    const role = (await ask("roleCreate", { body: { name: "watchers", permissions: ["vm.view"] } })) as { id: string };
    await ask("roleList");
    await ask("roleChange", { params: { id: role.id }, body: { description: "they watch" } });
    const folder = (await ask("folderCreate", { body: { name: "lab" } })) as { id: string };
    await ask("folderList");
    await ask("folderChange", { params: { id: folder.id }, body: { name: "lab 2" } });
    const given = (await ask("grantCreate", { body: { role: "watchers", account: "admin", on: { folder: "/lab 2" } } })) as { id: string };
    await ask("grantList");
    await ask("grantRemove", { params: { id: given.id } });
    await ask("roleRemove", { params: { id: role.id } });
    await ask("folderRemove", { params: { id: folder.id } });
    const streams: RouteName[] = ["vmConsole", "eventStream", "volumeRead", "volumeWrite", "supportBundle", "auditLogExport"]; // have tests of their own
    streams.push("signInBegin", "signInCallback", "passkeyAdd", "passkeyRemove"); // with a provider and an authenticator
    expect((Object.keys(routePaths) as RouteName[]).filter((route) => !asked.has(route) && !streams.includes(route))).toEqual([]);
  });

  test("a page goes on where the one before ended, and fields are as asked", async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await lab.client.call("vmList", { query: { limit: 7, cursor, fields: "name,memory.current" } });
      for (const each of page.items) {
        expect(Object.keys(each).sort()).toEqual(["id", "memory", "name"]);
        names.push(each.name);
      }
      cursor = page.next;
    } while (cursor !== undefined);
    expect(names).toHaveLength(30);
    expect(new Set(names).size).toBe(30);
  });

  test("two operators never overwrite each other silently", async () => {
    const before = await send("GET", `${apiBase}/vms/${vm.id}`);
    const tag = before.headers.get("etag")!;
    expect((await send("GET", `${apiBase}/vms/${vm.id}`, { headers: { "if-none-match": tag } })).status).toBe(304);
    const first = await send("PATCH", `${apiBase}/vms/${vm.id}`, { headers: { "if-match": tag }, body: '{"notes":"first"}' });
    expect(first.status).toBe(200);
    expect(first.headers.get("etag")).not.toBe(tag);
    const late = await send("PATCH", `${apiBase}/vms/${vm.id}`, { headers: { "if-match": tag }, body: '{"notes":"late"}' });
    expect(late.status).toBe(412);
    expect(await late.json()).toMatchObject({ code: "changedMeanwhile" });
    expect(await lab.client.call("vmGet", { params: { id: vm.id } })).toMatchObject({ notes: "first" });
    expect((await send("DELETE", `${apiBase}/hosts/${host.id}`, { headers: { "if-match": '"0"' } })).status).toBe(412);
  });

  test("a repeat with the same key is the same task, and another request with it is refused", async () => {
    const body = JSON.stringify({ request: { do: "vm.unpause", vms: [vm.id] } });
    const one = await send("POST", `${apiBase}/tasks`, { body, headers: { "idempotency-key": "k-1" } });
    expect(one.status).toBe(202);
    const { id } = (await one.json()) as { id: string };
    expect(one.headers.get("location")).toBe(`${apiBase}/tasks/${id}`);
    expect(await (await send("POST", `${apiBase}/tasks`, { body, headers: { "idempotency-key": "k-1" } })).json()).toMatchObject({ id });
    const other = await send("POST", `${apiBase}/tasks`, { body: body.replace("unpause", "pause"), headers: { "idempotency-key": "k-1" } });
    expect(other.status).toBeGreaterThanOrEqual(400);
    await until("its end", async () => (await lab.client.call("taskGet", { params: { id } })).state === "succeeded");
  });

  test("a page that pointed its own name at loopback gets nothing", async () => {
    const { request } = await import("node:http");
    const status = (name: string): Promise<number> =>
      new Promise((resolve, reject) =>
        request(`${lab.url}${apiBase}/info`, { headers: { host: name } }, (answer) => resolve(answer.resume().statusCode!))
          .once("error", reject)
          .end(),
      );
    expect(await status("evil.example")).toBe(403);
    expect(await status("localhost:1234")).toBe(200);
    expect(await status("[::1]")).toBe(200);
  });

  test("health needs no sign-in and tells nothing; figures need one and are OpenMetrics", async () => {
    expect(await (await fetch(`${lab.url}/healthz`)).json()).toEqual({ ok: true });
    expect(await (await fetch(`${lab.url}/readyz`)).json()).toEqual({ ok: true });
    expect((await fetch(`${lab.url}/metrics`)).status).toBe(401);
    const answer = await send("GET", "/metrics");
    const text = await answer.text();
    expect(answer.headers.get("content-type")).toMatch(/^application\/openmetrics-text/);
    expect(text.match(/^# EOF$/gm)).toHaveLength(1);
    expect(text.endsWith("# EOF\n")).toBe(true);
    expect(text).toMatch(/^polyvisor_hosts\{state="connected"\} 1$/m);
    expect(text).toMatch(/^polyvisor_http_request_duration_seconds_count\{route="vmList",status="200"\} \d+/m);
  });

  test("the front page runs nothing but the console's own files and sends nobody anywhere", async () => {
    const answer = await fetch(lab.url);
    expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
    expect(await answer.text()).not.toMatch(/<script(?![^>]* src="\/assets\/[\w.-]+"><\/script>)|https?:/);
    expect((await fetch(`${lab.url}/problems/notFound`)).status).toBe(200);
    expect((await fetch(`${lab.url}/problems/toString`)).status).toBe(404);
  });

  test("guessing is slowed, for the one who guesses", async () => {
    const attempt = (): Promise<Response> =>
      fetch(`${lab.url}${apiBase}/sessions`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"code":"AAAA-AAAA-AAAA"}' });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await attempt()).status);
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    const last = await attempt();
    expect(last.status).toBe(429);
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await send("GET", `${apiBase}/account`)).status).toBe(200); // who is signed in notices nothing
  });
});
