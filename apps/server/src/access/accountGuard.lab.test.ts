import { needs, routePaths, routeUrl, type RouteName } from "@polyvisor/api";
import type { Client } from "@polyvisor/api/client";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { person, refused, twoTenants, type Person } from "../lab/tenants.ts";

let site: SitePostgres;
let pool: pg.Pool;
let lab: LabServer;
/** Administers accounts, and everything of the folder alpha; nothing else. */
let keeper: Person;
let a: Awaited<ReturnType<typeof twoTenants>>["a"];
let b: Awaited<ReturnType<typeof twoTenants>>["b"];
const groups = ["plain", "alpha-people", "beta-people", "held-back", "site-people"];
beforeAll(async () => {
  site = await startSitePostgres();
  const databaseUrl = await site.database();
  pool = new pg.Pool({ connectionString: databaseUrl, options: "-c search_path=polyvisor" });
  lab = await startLabServer(databaseUrl);
  ({ a, b } = await twoTenants(lab, 2));
  keeper = await person(lab, "keeper");
  const { client } = lab;
  for (const name of groups) await client.call("groupCreate", { body: { name } });
  await client.call("roleCreate", { body: { name: "keeper", permissions: ["account.administer"] } });
  await client.call("grantCreate", { body: { role: "keeper", account: "keeper", on: { site: true } } });
  await client.call("grantCreate", { body: { role: "tenant-administrator", account: "keeper", on: { folder: a.folder.id } } });
  await client.call("grantCreate", { body: { role: "operator", group: "alpha-people", on: { folder: a.folder.id } } });
  await client.call("grantCreate", { body: { role: "viewer", group: "beta-people", on: { folder: b.folder.id } } });
  await client.call("grantCreate", { body: { role: "operator", group: "held-back", on: { folder: b.folder.id }, effect: "deny" } });
  await client.call("grantCreate", { body: { role: "viewer", group: "site-people", on: { site: true } } });
});
afterAll(async () => {
  await pool.end();
  await lab.close();
  await site.close();
});

let made = 0;
/** An account with these groups, made by an administrator. */
const account = async (...inGroups: string[]): Promise<string> => (await person(lab, `someone-${++made}`, inGroups)).name;
const as = (): Client => keeper.client;
/** Everything that changes an account or comes in as it. */
const takeOvers: [what: string, ask: (id: string) => Promise<unknown>][] = [
  ["a code to sign in", (id) => as().call("accountCode", { params: { id } })],
  ["its credentials taken away", (id) => as().call("accountReset", { params: { id } })],
  ["switching it off", (id) => as().call("accountChange", { params: { id }, body: { disabled: true } })],
  ["its removal", (id) => as().call("accountRemove", { params: { id } })],
];

describe("who administers accounts and nothing else", () => {
  test("comes through each route that asks for it, and through no other of the site", async () => {
    for (const route of Object.keys(routePaths) as RouteName[]) {
      const row = needs[route];
      if (row.on !== "site") continue;
      // What is named is not there, and nothing is sent: whoever comes as far as that is through.
      const path = routeUrl(route, { id: "h-000000000000", account: "x" });
      const answer = await fetch(lab.url + path, { method: routePaths[route][0], headers: { authorization: `Bearer ${keeper.token}` } });
      if (row.may === "account.administer") expect([200, 400, 404], route).toContain(answer.status);
      else expect(answer.status, route).toBe(403);
      await answer.body?.cancel().catch(() => undefined);
    }
  });

  test.each(takeOvers)("gets %s of an account that has no more than he has", async (_, ask) => {
    expect(await refused(ask(await account()))).toBe("done");
    expect(await refused(ask(await account("alpha-people", "plain")))).toBe("done");
  });

  test.each(takeOvers)("does not get %s of one that has more", async (_, ask) => {
    for (const group of ["beta-people", "site-people", "administrators"]) expect(await refused(ask(await account(group))), group).toBe("forbidden");
    const own = await account();
    await lab.client.call("grantCreate", { body: { role: "viewer", account: own, on: { object: b.vms[0]!.id } } });
    expect(await refused(ask(own))).toBe("forbidden");
    expect(await refused(ask("admin"))).toBe("forbidden");
    expect(await refused(ask("nobody-is-called-so"))).toBe("notFound");
  });

  test("puts people into groups whose rights he has, and takes them out of no other", async () => {
    const member = await account();
    const add = (id: string, who = member) => refused(as().call("memberAdd", { params: { id, account: who } }));
    const takeOut = (id: string, who: string) => refused(as().call("memberRemove", { params: { id, account: who } }));
    expect(await Promise.all(groups.map((group) => add(group)))).toEqual(["done", "done", "forbidden", "forbidden", "forbidden"]);
    expect(await add("administrators")).toBe("forbidden");
    // Neither himself, by whatever way.
    for (const group of ["beta-people", "site-people", "administrators"]) expect(await add(group, "keeper"), group).toBe("forbidden");
    expect(await refused(as().call("accountCreate", { body: { name: "twin", groups: ["site-people"] } }))).toBe("forbidden");
    expect(await refused(as().call("accountCreate", { body: { name: "twin", groups: ["alpha-people"] } }))).toBe("done");
    // Who leaves a group that is denied something would be rid of that.
    await lab.client.call("memberAdd", { params: { id: "held-back", account: member } });
    expect(await takeOut("held-back", member)).toBe("forbidden");
    expect(await takeOut("alpha-people", member)).toBe("done");
  });

  test("changes and removes groups that give nothing that he lacks", async () => {
    expect(await refused(as().call("groupChange", { params: { id: "site-people" }, body: { name: "mine" } }))).toBe("forbidden");
    expect(await refused(as().call("groupRemove", { params: { id: "held-back" } }))).toBe("forbidden");
    expect(await refused(as().call("groupCreate", { body: { name: "fresh" } }))).toBe("done");
    expect(await refused(as().call("groupChange", { params: { id: "fresh" }, body: { description: "his" } }))).toBe("done");
    expect(await refused(as().call("groupRemove", { params: { id: "fresh" } }))).toBe("done");
  });

  test("trusts no identity provider with more than he has", async () => {
    const put = (id: string, to: string[]) =>
      refused(
        as().call("identityProviderPut", {
          params: { id },
          body: { settings: { kind: "ldap", urls: ["ldap://127.0.0.1:1"], baseDn: "dc=example", groups: to.map((each) => ({ from: "all", to: each })) } },
        }),
      );
    expect(await put("corp", ["plain", "alpha-people"])).toBe("done");
    for (const group of ["site-people", "beta-people", "administrators"]) expect(await put("corp", [group]), group).toBe("forbidden");
    expect(await put("corp", ["a-group-of-tomorrow"])).toBe("notFound");
    expect(await refused(as().call("identityProviderTest", { params: { id: "corp" }, body: {} }))).toBe("done");
    // Whoever names its address comes in as its accounts, whatever they have got here since.
    await pool.query("insert into account (id, name, source, provider, external_id) values ('a-grown', 'ann@corp', 'ldap', 'corp', '1')");
    expect(await put("corp", [])).toBe("done");
    const { id } = await lab.client.call("grantCreate", { body: { role: "viewer", account: "ann@corp", on: { site: true } } });
    expect(await put("corp", [])).toBe("forbidden");
    expect(await refused(as().call("identityProviderRemove", { params: { id: "corp" } }))).toBe("forbidden");
    await lab.client.call("grantRemove", { params: { id } });
    await lab.client.call("memberAdd", { params: { id: "site-people", account: "ann@corp" } });
    expect(await put("corp", [])).toBe("forbidden");
    await lab.client.call("memberRemove", { params: { id: "site-people", account: "ann@corp" } });
    expect(await refused(as().call("identityProviderRemove", { params: { id: "corp" } }))).toBe("done");
  });

  test("sees all sessions, and ends those of accounts that have no more than he", async () => {
    const [mine, theirs] = [await account(), await account("site-people")];
    const { items } = await as().call("sessionList", { query: { all: "true" } });
    const of = (name: string): string => items.find((each) => each.account === name)!.id;
    const revoke = (id: string, client = as()) => refused(client.call("sessionRevoke", { params: { id } }));
    expect(await revoke(of(mine))).toBe("done");
    expect(await revoke(of(theirs))).toBe("forbidden");
    expect(await revoke("tok-nothing")).toBe("notFound");
    // Who does not administer accounts learns nothing of the sessions of others.
    const plain = await person(lab, "plain-person");
    expect(await refused(plain.client.call("sessionList", { query: { all: "true" } }))).toBe("forbidden");
    expect(await revoke(of(theirs), plain.client)).toBe("notFound");
  });

  test("by a narrowed token does less, and never comes in as himself", async () => {
    const { token } = await as().call("tokenCreate", { body: { name: "robot", scope: { may: ["account.administer"] } } });
    const robot = lab.as(token);
    expect(await refused(robot.call("accountCode", { params: { id: await account() } }))).toBe("done");
    for (const who of ["keeper", await account("alpha-people")])
      expect(await refused(robot.call("accountCode", { params: { id: who } })), who).toBe("forbidden");
  });
});
