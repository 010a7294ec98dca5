import { apiBase, contracts, needs, routePaths, routeUrl, type Needs, type RouteName } from "@polyvisor/api";
import type { Event, Permission } from "@polyvisor/model";
import { builtInRoles } from "@polyvisor/policy";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { ended, person, refused, twoTenants, type Person } from "../lab/tenants.ts";
import { until } from "../lab/until.ts";

let lab: LabServer;
let a: Awaited<ReturnType<typeof twoTenants>>["a"];
let b: Awaited<ReturnType<typeof twoTenants>>["b"];
let nobody: Person;
/** One for each built-in role, on the whole site. */
const roles = new Map<string, Person>();

beforeAll(async () => {
  lab = await startLabServer();
  ({ a, b } = await twoTenants(lab, 8));
  nobody = await person(lab, "nobody");
  for (const { name } of builtInRoles) {
    const who = await person(lab, `the-${name}`, name === "administrator" ? ["administrators"] : []);
    if (name !== "administrator") await lab.client.call("grantCreate", { body: { role: name, account: who.name, on: { site: true } } });
    roles.set(name, who);
  }
});
afterAll(() => lab.close());

const ask = (route: RouteName, token: string | undefined, params: Record<string, string> = {}): Promise<Response> => {
  const [method] = routePaths[route];
  return fetch(lab.url + routeUrl(route, { id: "h-000000000000", volume: "x", account: "x", ...params }), {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(15_000),
  });
};
const code = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
describe("the authorisation table", () => {
  const routes = Object.keys(routePaths) as RouteName[];
  test("has every route, and only what nobody needs to sign in for is open", () => {
    expect(Object.keys(needs).sort()).toEqual([...routes].sort());
    for (const route of routes) expect(needs[route].on === "nothing", route).toBe(contracts[route].who === "anyone");
  });
  test.each(routes.filter((route) => needs[route].on !== "nothing"))("%s is closed to strangers", async (route) => {
    expect((await ask(route, undefined)).status).toBe(401);
  });

  const own = (kind: string): string => ({ vm: a.vms[0]!.id, host: a.host.id })[kind] ?? kind;
  const objectFor = async (kind: string): Promise<string> => {
    if (kind === "vm" || kind === "host") return own(kind);
    const list = kind === "datastore" ? "datastoreList" : "networkList";
    return (await lab.client.call(list, { query: { limit: 1 } })).items[0]!.id;
  };
  test.each(routes.filter((route) => "may" in needs[route] && needs[route].on !== "each"))(
    "%s is refused to every role that lacks its permission",
    async (route) => {
      const row = needs[route] as Extract<Needs, { may: Permission }>;
      const params: Record<string, string> = row.on === "site" ? {} : { id: await objectFor(row.on) };
      const [method] = routePaths[route];
      for (const [name, who] of roles) {
        const has = builtInRoles.find((role) => role.name === name)!.permissions.includes(row.may);
        // What is allowed is tried only where it changes nothing.
        if (has && method !== "GET") continue;
        const answer = await ask(route, who.token, params);
        if (has) expect([401, 403], `${name} ${route}`).not.toContain(answer.status);
        else expect([answer.status, await code(answer)], `${name} ${route}`).toEqual([403, "forbidden"]);
        await answer.body?.cancel().catch(() => undefined);
      }
      const answer = await ask(route, nobody.token, params);
      expect(answer.status, "nobody").toBe(row.on === "site" ? 403 : 404);
    },
  );
});

describe("another tenant's objects", () => {
  test("are in no list, count, search, completion, load or history", async () => {
    const { client } = a.admin;
    const everything = JSON.stringify([
      await client.call("vmList", { query: { limit: 1000, counts: true } }),
      await client.call("hostList"),
      await client.call("datastoreList"),
      await client.call("networkList"),
      await client.call("loadList", { query: { limit: 1000 } }),
      await client.call("search", { query: { q: "0" } }),
      await client.call("filterComplete", { query: { text: "tag = ", kind: "vm" } }),
      await client.call("filterComplete", { query: { text: "host = ", kind: "vm" } }),
      await client.call("folderList"),
      await client.call("taskList"),
    ]);
    for (const hidden of ["beta", b.host.id, b.folder.id, ...b.vms.map(({ id }) => id)]) expect(everything).not.toContain(hidden);
    expect((await client.call("vmList")).total).toBe(a.vms.length);
  });

  test.each((Object.keys(routePaths) as RouteName[]).filter((route) => ["vm", "host", "datastore", "network"].includes(needs[route].on)))(
    "%s answers for them as for what is not there",
    async (route) => {
      const { on } = needs[route];
      const [theirs, absent] =
        on === "vm"
          ? [b.vms[0]!.id, "vm-000000000000"]
          : on === "host"
            ? [b.host.id, "h-000000000000"]
            : [
                (await b.admin.client.call(on === "datastore" ? "datastoreList" : "networkList")).items[0]!.id,
                on === "datastore" ? "ds-000000000000" : "net-000000000000",
              ];
      const text = async (id: string): Promise<[number, string]> => {
        const answer = await ask(route, a.admin.token, { id });
        const { requestId: _, ...problem } = (await answer.json()) as Record<string, unknown>;
        return [answer.status, JSON.stringify(problem).replaceAll(id, "ID")];
      };
      const answer = await text(theirs!);
      expect(answer).toEqual(await text(absent!));
      expect(answer[0]).toBe(404);
    },
  );

  test("are not touched by requests, neither by id nor by selector", async () => {
    const { client } = a.admin;
    const them = b.vms.find(({ state }) => state === "running")!;
    const order = (request: object) => client.call("taskCreate", { body: { request: request as never } });
    expect(await refused(order({ do: "vm.pause", vms: [them.id] }))).toBe("notFound");
    expect(await refused(order({ do: "vm.pause", vms: [a.vms[0]!.id, them.nativeId] }))).toBe("notFound");
    expect(await refused(order({ do: "vm.pause", select: "tag = beta" }))).toBe("notFound");
    const plan = await client.call("planMake", { body: { request: { do: "vm.describe", select: "name = *", title: "x" } as never } });
    expect(plan.steps.map(({ target }) => target.id).sort()).toEqual(a.vms.map(({ id }) => id).sort());
    expect(JSON.stringify(plan)).not.toContain("beta");
    expect((await lab.client.call("vmGet", { params: { id: them.id } })).state).toBe("running");
  });

  test("their tasks are theirs", async () => {
    const task = await ended(
      b.admin.client,
      await b.admin.client.call("taskCreate", { body: { request: { do: "vm.describe", vms: [b.vms[0]!.id], title: "t" } as never } }),
    );
    expect(await refused(a.admin.client.call("taskGet", { params: { id: task.id } }))).toBe("notFound");
    expect(await refused(a.admin.client.call("taskCancel", { params: { id: task.id } }))).toBe("notFound");
    expect((await a.admin.client.call("taskList")).items.map(({ id }) => id)).not.toContain(task.id);
  });
});

describe("a tenant", () => {
  test("is told per item what it may not do to what it sees", async () => {
    const [one, two] = a.vms.filter(({ state }) => state === "running");
    await lab.client.call("grantCreate", { body: { role: "operator", account: a.admin.name, on: { object: two!.id }, effect: "deny" } });
    await lab.client.call("grantCreate", { body: { role: "viewer", account: a.admin.name, on: { object: two!.id } } });
    // The denial takes the sight with it; it is put back for everybody else only.
    expect(await refused(a.admin.client.call("vmGet", { params: { id: two!.id } }))).toBe("notFound");
    const denied = await lab.client.call("grantList");
    for (const { id, scope } of denied.items) if (scope.on === "object" && scope.object === two!.id) await lab.client.call("grantRemove", { params: { id } });
    const power = await lab.client.call("roleCreate", { body: { name: "power", permissions: ["vm.power"] } });
    const no = await lab.client.call("grantCreate", { body: { role: power.name, account: a.admin.name, on: { object: two!.id }, effect: "deny" } });
    const task = await ended(
      a.admin.client,
      await a.admin.client.call("taskCreate", { body: { request: { do: "vm.pause", vms: [one!.id, two!.id] } as never } }),
    );
    expect(task.state).toBe("partial");
    expect(task.steps.map(({ state, failure }) => failure?.code ?? state).sort()).toEqual(["forbidden", "succeeded"]);
    const why = await a.admin.client.call("permissionWhy", { query: { permission: "vm.power", object: two!.id } });
    expect(why).toMatchObject({ allowed: false, account: "alpha-admin" });
    expect(why.reasons.map(({ effect }) => effect)).toEqual(["deny", "allow"]);
    expect(why.sentences.at(-1)).toMatch(/denial wins/);
    await lab.client.call("grantRemove", { params: { id: no.id } });
    expect(await a.admin.client.call("permissionWhy", { query: { permission: "vm.power", object: two!.id } })).toMatchObject({ allowed: true });
  });

  test("gives itself nothing by tags, folders or names", async () => {
    const gold = await lab.client.call("grantCreate", { body: { role: "administrator", account: a.admin.name, on: { tag: "gold" } } });
    const prod = await lab.client.call("grantCreate", { body: { role: "administrator", account: a.admin.name, on: { selector: "vm where name = prod-*" } } });
    const { client } = a.admin;
    const { id } = a.vms[0]!;
    expect(await refused(client.call("vmChange", { params: { id }, body: { tags: ["alpha", "gold"] } }))).toBe("forbidden");
    expect(await refused(client.call("vmChange", { params: { id }, body: { folder: b.folder.id } }))).toBe("notFound");
    expect(await refused(client.call("vmChange", { params: { id }, body: { folder: null } }))).toBe("forbidden");
    expect(await refused(client.call("taskCreate", { body: { request: { do: "vm.rename", vms: [a.vms.at(-1)!.id], name: "prod-1" } as never } }))).toBe(
      "forbidden",
    );
    expect(await refused(client.call("grantCreate", { body: { role: "viewer", account: a.admin.name, on: { site: true } } }))).toBe("forbidden");
    const inner = await client.call("folderCreate", { body: { name: "inner", parent: "/alpha" } });
    expect(await refused(client.call("folderChange", { params: { id: inner.id }, body: { parent: null } }))).toBe("forbidden");
    expect(await refused(client.call("folderCreate", { body: { name: "top" } }))).toBe("forbidden");
    expect((await client.call("vmChange", { params: { id }, body: { folder: "/alpha/inner", tags: ["alpha", "web"] } })).folder).toBe(inner.id);
    expect((await client.call("vmChange", { params: { id }, body: { folder: "/alpha", tags: ["alpha"] } })).tags).toEqual(["alpha"]);
    for (const grant of [gold, prod]) await lab.client.call("grantRemove", { params: { id: grant.id } });
  });

  test("plugs in no file of a host and no disk of another", async () => {
    const theirs = (await lab.client.call("vmList", { query: { filter: "tag = beta", limit: 100 } })).items
      .flatMap(({ disks }) => disks)
      .find(({ source }) => source !== undefined);
    const attach = (source: string) =>
      refused(
        a.admin.client.call("taskCreate", { body: { request: { do: "vm.attachDisk", vms: [a.vms[0]!.id], disk: { source }, apply: "nextStart" } as never } }),
      );
    for (const source of ["/etc/shadow", "/dev/sda", theirs?.source ?? "/x"]) expect(await attach(source), source).toBe("forbidden");
  });

  test("makes VMs in its folder, which it sees at once, and nowhere else", async () => {
    const { client } = a.admin;
    const make = (more: object) =>
      client.call("taskCreate", { body: { request: { do: "vm.create", spec: { name: "made", memory: 64 * 1024 ** 2 }, start: false, ...more } as never } });
    expect(await refused(make({}))).toBe("forbidden");
    expect(await refused(make({ folder: "/beta" }))).toBe("notFound");
    expect(await refused(make({ folder: "/alpha", host: b.host.id }))).toBe("notFound");
    const task = await ended(client, await make({ folder: "/alpha" }));
    expect(task, JSON.stringify(task.steps)).toMatchObject({ state: "succeeded" });
    const vm = (await client.call("vmList", { query: { filter: "name = made" } })).items[0];
    expect(vm).toMatchObject({ folder: a.folder.id, hostId: a.host.id });
    await ended(client, await client.call("taskCreate", { body: { request: { do: "vm.delete", vms: [vm!.id] } as never } }));
  });
});

describe("a change of rights", () => {
  test("counts at once, also for what is open", async () => {
    const late = await person(lab, "late");
    const stream = new AbortController();
    const events: Event[] = [];
    const opened = Promise.withResolvers<void>();
    const reading = (async () => {
      const answer = await fetch(`${lab.url}${apiBase}/events`, { headers: { authorization: `Bearer ${late.token}` }, signal: stream.signal });
      let text = "";
      for await (const chunk of answer.body!) {
        text += Buffer.from(chunk).toString();
        if (text.includes("event: ready")) opened.resolve();
        events.splice(0, events.length, ...[...text.matchAll(/^data: (\{"(?:id":".*?","at").*)$/gm)].map((match) => JSON.parse(match[1]!) as Event));
      }
    })().catch(() => undefined);
    await opened.promise;
    const note = (id: string, notes: string) => lab.client.call("vmChange", { params: { id }, body: { notes } });
    await note(a.vms[1]!.id, "before");
    const given = await lab.client.call("grantCreate", { body: { role: "viewer", account: "late", on: { tag: "alpha" } } });
    expect((await late.client.call("vmList")).total).toBe(a.vms.length);
    await until("the reset", () => events.some(({ type }) => type === "reset"));
    await note(b.vms[1]!.id, "hidden");
    await note(a.vms[1]!.id, "seen");
    await until("the change", () => events.some(({ objectId }) => objectId === a.vms[1]!.id));
    const tags = (list: string[]) => lab.client.call("vmChange", { params: { id: a.vms[2]!.id }, body: { tags: list } });
    await tags([]);
    await until("its end", () => events.some(({ type, objectId }) => type === "deleted" && objectId === a.vms[2]!.id));
    await tags(["alpha"]);
    await until("its beginning", () => events.some(({ type, objectId }) => type === "created" && objectId === a.vms[2]!.id));
    await lab.client.call("grantRemove", { params: { id: given.id } });
    expect((await late.client.call("vmList")).total).toBe(0);
    await until("the second reset", () => events.filter(({ type }) => type === "reset").length === 2);
    stream.abort();
    await reading;
    expect(JSON.stringify(events)).not.toContain("beta");
    expect(events.filter(({ objectId }) => objectId === a.vms[1]!.id)).toHaveLength(1);
    for (const { id } of events) expect(id).not.toMatch(/^\d+$/);
  });

  test("the last administrators stay", async () => {
    expect(await refused(lab.client.call("grantRemove", { params: { id: "grant-administrators" } }))).toBe("conflict");
    expect(
      await refused(lab.client.call("grantCreate", { body: { role: "administrator", group: "administrators", on: { site: true }, effect: "deny" } })),
    ).toBe("conflict");
    expect(await refused(lab.client.call("roleRemove", { params: { id: "administrator" } }))).toBe("conflict");
  });
});

test("the audit log says who gave which rights to whom, and what was refused", async () => {
  const { id } = await lab.client.call("grantCreate", { body: { role: "viewer", account: "nobody", on: { tag: "none" } } });
  expect(await refused(a.admin.client.call("grantCreate", { body: { role: "administrator", account: "nobody", on: { site: true } } }))).toBe("forbidden");
  const entries = async (by: string, outcome: "done" | "refused") =>
    (await lab.client.call("auditLogList", { query: { action: "grantCreate", by, outcome, limit: 1 } })).items[0]?.entry;
  await until("the refusal", async () => (await entries("alpha-admin", "refused")) !== undefined);
  const done = (await entries("admin", "done"))!;
  expect(done.details).toMatchObject({ role: "viewer", account: "nobody", on: '{"tag":"none"}', effect: "allow" });
  expect(done.object).toBe(id);
});

test("a narrowed token has less than its account, never more", async () => {
  const root = roles.get("administrator")!;
  const made = async (who: Person, scope: object) => lab.as((await who.client.call("tokenCreate", { body: { name: "n", scope: scope as never } })).token);
  const reader = await made(root, { may: "read" });
  expect((await reader.call("vmList")).total).toBe(a.vms.length + b.vms.length);
  expect(await refused(reader.call("taskCreate", { body: { request: { do: "vm.reboot", vms: [a.vms[0]!.id] } as never } }))).toBe("forbidden");
  expect(await refused(reader.call("grantList"))).toBe("forbidden");
  expect(await refused(reader.call("tokenCreate", { body: { name: "more" } }))).toBe("forbidden");
  expect(await refused(reader.call("tokenDelete", { params: { id: "tok-x" } }))).toBe("forbidden");
  const some = await made(root, { may: "operate", filter: "tag = beta" });
  expect((await some.call("vmList", { query: { limit: 1000 } })).items.map(({ id }) => id).sort()).toEqual(b.vms.map(({ id }) => id).sort());
  expect((await some.call("hostList")).total).toBe(0);
  expect(await refused(some.call("vmGet", { params: { id: a.vms[0]!.id } }))).toBe("notFound");
  const more = await made(a.admin, { may: "admin" });
  expect((await more.call("vmList")).total).toBe(a.vms.length);
  expect((await fetch(`${lab.url}/metrics`, { headers: { authorization: `Bearer ${a.admin.token}` } })).status).toBe(403);
});
