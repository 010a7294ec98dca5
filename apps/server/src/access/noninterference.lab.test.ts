import { apiBase } from "@polyvisor/api";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { simHost, twoTenants } from "../lab/tenants.ts";

let lab: LabServer;
let a: Awaited<ReturnType<typeof twoTenants>>["a"];
let b: Awaited<ReturnType<typeof twoTenants>>["b"];
beforeAll(async () => {
  lab = await startLabServer();
  ({ a, b } = await twoTenants(lab, 6));
});
afterAll(() => lab.close());

/** What an answer says in every byte, but for what names the request itself. */
async function answerOf(method: string, path: string, body?: object): Promise<string> {
  const answer = await fetch(`${lab.url}${apiBase}${path}`, {
    method,
    headers: { authorization: `Bearer ${a.admin.token}`, ...(body ? { "content-type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  const headers = [...answer.headers].filter(([name]) => !["date", "x-request-id", "keep-alive"].includes(name));
  return JSON.stringify([answer.status, headers, (await answer.text()).replace(/"requestId":"[^"]*"/, "")]);
}

/** What tenant B and the site's administrators may do meanwhile. */
const changes = fc.oneof(
  fc.record({ do: fc.constant("tag" as const), vm: fc.nat(5), tags: fc.uniqueArray(fc.constantFrom("beta", "x", "web", "secret"), { maxLength: 3 }) }),
  fc.record({ do: fc.constant("note" as const), vm: fc.nat(5), notes: fc.constantFrom("", "alpha", "secret") }),
  fc.record({ do: fc.constant("rename" as const), name: fc.constantFrom("beta-host", "alpha", "gamma") }),
  fc.record({ do: fc.constant("host" as const), vms: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant("folder" as const), name: fc.constantFrom("one", "two") }),
  fc.record({ do: fc.constant("describe" as const), vm: fc.nat(5) }),
);
type Change = typeof changes extends fc.Arbitrary<infer T> ? T : never;
let extra = 0;

async function make(change: Change): Promise<void> {
  const { client } = lab;
  const vm = b.vms["vm" in change ? change.vm : 0]!.id;
  switch (change.do) {
    case "tag":
      await client.call("vmChange", { params: { id: vm }, body: { tags: change.tags } });
      return;
    case "note":
      await client.call("vmChange", { params: { id: vm }, body: { notes: change.notes } });
      return;
    case "rename":
      await client.call("hostChange", { params: { id: b.host.id }, body: { name: change.name } });
      return;
    case "host": {
      const { host } = await simHost(lab, `sim://extra${extra++}/host-0001?vms=${change.vms}&seed=${extra}`, change.vms);
      if (extra % 2 === 0) await client.call("hostRemove", { params: { id: host.id } });
      return;
    }
    case "folder":
      await client.call("folderCreate", { body: { name: `${change.name}-${extra++}`, parent: "/beta" } });
      return;
    case "describe": {
      const { id } = await b.admin.client.call("taskCreate", { body: { request: { do: "vm.describe", vms: [vm], title: "t" } as never } });
      await client.call("taskGet", { params: { id } });
    }
  }
}

const ref = fc.constantFrom("beta-host", "alpha-host", "gamma", "vm-000000000000", "host-0001", "beta-host/vm-0001", "alpha-host/vm-0001", "web", "secret");
const theirs = fc.nat(5).map((i) => `#b${i}`);
const filter = fc.constantFrom(
  "name = *",
  "tag = beta",
  "tag = secret or tag = alpha",
  "host = beta-host",
  "host = gamma",
  "host.name = *",
  "host.memory > 1MiB",
  "notes ~ secret",
  "beta",
  "secret",
  "network = default",
  "datastore = *",
  "not tag = web",
);
const sort = fc.constantFrom("name", "-name", "host", "-id", "state");
const read = fc.oneof(
  fc
    .record({ filter, sort, limit: fc.integer({ min: 1, max: 8 }) })
    .map((query) => ["GET", `/vms?${new URLSearchParams({ ...query, limit: String(query.limit), counts: "true" })}`] as const),
  fc
    .record({ kind: fc.constantFrom("hosts", "datastores", "networks"), filter: fc.constantFrom("name = *", "beta", "host = gamma", "secret") })
    .map(({ kind, filter: text }) => ["GET", `/${kind}?${new URLSearchParams({ filter: text })}`] as const),
  fc
    .record({ kind: fc.constantFrom("hosts", "datastores", "networks", "vms"), of: fc.oneof(ref, theirs) })
    .map(({ kind, of }) => ["GET", `/${kind}/${of === "#b0" ? of : encodeURIComponent(of)}`] as const),
  fc
    .record({ what: fc.constantFrom("definition", "explain", "samples", "history", "screenshot"), of: fc.oneof(ref, theirs) })
    .map(({ what, of }) => ["GET", `/vms/${encodeURIComponent(of)}/${what}`] as const),
  fc.constantFrom("beta", "secret", "vm", "0", "gamma", "alpha").map((q) => ["GET", `/search?q=${q}`] as const),
  fc
    .record({ text: fc.constantFrom("tag = ", "host = ", "name = ", "folder = ", "datastore = ", "notes = "), kind: fc.constantFrom("vm", "host") })
    .map((query) => ["GET", `/filter/complete?${new URLSearchParams(query)}`] as const),
  fc
    .constantFrom(
      "/folders",
      "/tasks",
      "/roles",
      "/permissions/effective",
      "/templates",
      "/account",
      "/grants",
      "/accounts",
      "/audit-log",
      "/history/storage",
      "/samples/storage",
    )
    .map((path) => ["GET", path] as const),
  fc
    .record({ vms: fc.oneof(ref, theirs), verb: fc.constantFrom("vm.pause", "vm.delete", "vm.describe", "vm.snapshot") })
    .map(({ vms, verb }) => ["POST", "/plans", { request: { do: verb, vms: [vms], ...(verb === "vm.snapshot" ? { name: "s" } : {}) } }] as const),
  fc
    .record({ select: filter, title: fc.constant("x") })
    .map(({ select, title }) => ["POST", "/plans", { request: { do: "vm.describe", select, title } }] as const),
  fc.record({ parent: fc.constantFrom("/beta", "/beta/one", "/alpha/none") }).map(({ parent }) => ["POST", "/folders", { name: "x", parent }] as const),
  fc
    .record({ permission: fc.constantFrom("vm.power", "vm.view"), object: fc.constantFrom("vm/secret", "host/beta-host", "vm/#b1", "host/gamma") })
    .map((query) => ["GET", `/permissions/why?${new URLSearchParams(query)}`] as const),
);

test("whatever the others do, no byte of any answer changes, and no event comes", async () => {
  const stop = new AbortController();
  let streamed = "";
  const opened = Promise.withResolvers<void>();
  const reading = (async () => {
    const answer = await fetch(`${lab.url}${apiBase}/events`, { headers: { authorization: `Bearer ${a.admin.token}` }, signal: stop.signal });
    for await (const chunk of answer.body!) {
      streamed += Buffer.from(chunk).toString();
      if (streamed.includes("event: ready")) opened.resolve();
    }
  })().catch(() => undefined);
  await opened.promise;
  const greeting = streamed;
  // Ids stand where the test was written before there were any.
  const named = (text: string): string => text.replace(/(?:#|%23)b(\d)/g, (_, i: string) => b.vms[Number(i)]!.id);
  await fc.assert(
    fc.asyncProperty(fc.array(read, { minLength: 3, maxLength: 8 }), fc.array(changes, { minLength: 1, maxLength: 3 }), async (reads, between) => {
      const all = async (): Promise<string[]> => {
        const out: string[] = [];
        for (const [method, path, body] of reads) out.push(await answerOf(method, named(path), body && (JSON.parse(named(JSON.stringify(body))) as object)));
        return out;
      };
      const before = await all();
      for (const change of between) await make(change);
      expect(await all()).toEqual(before);
    }),
    { numRuns: 60 },
  );
  // The stream is alive, and what came on it is of this tenant.
  await lab.client.call("vmChange", { params: { id: a.vms[0]!.id }, body: { notes: "the end" } });
  while (!streamed.includes("the end")) await new Promise((resolve) => setTimeout(resolve, 10));
  stop.abort();
  await reading;
  const objects = [...streamed.slice(greeting.length).matchAll(/"objectId":"([^"]*)"/g)].map((match) => match[1]);
  expect([...new Set(objects)].filter((id) => id !== a.vms[0]!.id && !a.vms.some((vm) => vm.id === id) && id !== a.host.id)).toEqual([]);
  expect(streamed).not.toContain("reset");
}, 120_000);
