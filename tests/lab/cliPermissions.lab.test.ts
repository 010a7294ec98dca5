import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CliProgram } from "./cliProgram.ts";

let cli: CliProgram;
beforeAll(async () => {
  cli = await CliProgram.start();
});
afterAll(() => cli?.[Symbol.asyncDispose]());

it("gives a tenant a folder of its own, says why he may what, and takes it back", async () => {
  const url = `http://127.0.0.1:${await cli.port}`;
  const home = join(cli.folder, "home-alice");
  mkdirSync(home, { recursive: true });
  const alice = (...argv: string[]) => cli.run(argv, { env: { HOME: home, POLYVISOR_DATA: "" } });
  const { code } = await cli.json<{ code: string }>("account", "create", "alice");
  expect((await alice("login", "--url", url, "--code", code)).code).toBe(0);

  await cli.ok("host", "add", "sim://tenants/host-0001?vms=4&seed=3", "--name", "h1");
  const names = await until4();
  await cli.ok("folder", "create", "/tenants");
  await cli.ok("folder", "create", "/tenants/a");
  await cli.ok("folder", "put", "/tenants/a", names[0]!, names[1]!);
  expect((await alice("list", "-o", "name")).out).toBe("");
  expect((await alice("permission", "list")).code).toBe(4);

  await cli.ok("role", "create", "looker", "--permission", "vm.view", "--permission", "vm.console");
  const made = await cli.json<{ id: string }>("permission", "grant", "looker", "--account", "alice", "--folder", "/tenants/a");
  expect((await alice("list", "-o", "name")).out.trim().split("\n").sort()).toEqual([names[0], names[1]].sort());
  expect((await alice("folder", "list", "-o", "name")).out.trim().split("\n")).toEqual(["/tenants", "/tenants/a"]);
  const may = await alice("permission", "why", "vm.console", `vm/${names[0]}`);
  expect([may.code, may.out]).toEqual([0, expect.stringContaining("alice has the role looker in the folder /tenants/a.")]);
  const not = await alice("permission", "why", "vm.power", names[0]!);
  expect([not.code, not.out]).toEqual([1, expect.stringContaining("No grant gives it.")]);
  expect((await alice("start", names[0]!)).code).toBe(4);
  expect((await alice("info", names[2]!)).err).toContain("no such object");
  expect((await cli.ok("permission", "effective", `vm/${names[0]}`, "--account", "alice")).trim().split("\n")).toEqual(["vm.view", "vm.console"]);

  await cli.ok("permission", "grant", "looker", "--account", "alice", "--select", `vm where name = ${names[1]}`, "--deny");
  expect((await alice("list", "-o", "name")).out.trim()).toBe(names[0]);
  expect((await cli.run(["permission", "grant", "looker", "--account", "alice", "--select", "state = running"])).err).toContain("may change");
  await cli.ok("folder", "create", "/b");
  await cli.ok("folder", "move", "/tenants/a", "/b");
  expect((await alice("folder", "list", "-o", "name")).out.trim().split("\n")).toEqual(["/b", "/b/a"]);
  await cli.ok("permission", "revoke", made.id);
  expect((await alice("list", "-o", "name")).out).toBe("");
  expect((await cli.run(["folder", "delete", "/b/a"])).err).toContain("not empty");

  async function until4(): Promise<string[]> {
    for (const end = Date.now() + 30_000; ;) {
      const all = (await cli.ok("list", "-o", "name")).trim().split("\n").filter(Boolean);
      if (all.length === 4) return all;
      if (Date.now() > end) throw new Error(`only ${all.length} VMs came`);
    }
  }
});
