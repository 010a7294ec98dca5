import { execFile, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { promisify } from "node:util";
import type { Vm } from "@polyvisor/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../../apps/server/src/lab/labServer.ts";
import { simHost } from "../../apps/server/src/lab/tenants.ts";
import { watchOutput } from "./cliProgram.ts";

const main = new URL("../../apps/cli/src/main.ts", import.meta.url).pathname;
let lab: LabServer;
let vms: Vm[];
/** Between the command line and the server: what is to happen right before the next write arrives. */
let before: (() => Promise<unknown>) | undefined;
let between: Server;
let url: string;
beforeAll(async () => {
  lab = await startLabServer();
  ({ vms } = await simHost(lab, "sim://conflicts/host-0001?vms=4&seed=4", 4, { name: "h1" }));
  between = createServer((request, reply) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.method !== "GET" && !request.url!.endsWith("/plans") && before) {
        const work = before;
        before = undefined;
        await work();
      }
      const { host: _, connection: _c, "content-length": _l, ...headers } = request.headers as Record<string, string>;
      const answer = await fetch(lab.url + request.url!, { method: request.method!, headers, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined });
      reply.writeHead(
        answer.status,
        Object.fromEntries([...answer.headers].filter(([name]) => !/^(transfer-encoding|content-length|connection|keep-alive)$/.test(name))),
      );
      reply.end(Buffer.from(await answer.arrayBuffer()));
    })().catch(() => reply.destroy());
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(between.address() as { port: number }).port}`;
});
afterAll(async () => {
  between.close();
  between.closeAllConnections();
  await lab.close();
});

const env = () => ({ PATH: process.env["PATH"], HOME: lab.folder, NO_COLOR: "1", TERM: "xterm", POLYVISOR_URL: url, POLYVISOR_TOKEN: lab.token });
async function cli(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return promisify(execFile)(process.execPath, [main, ...argv], { env: env() }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }),
  );
}
const { call } = { call: ((...args) => lab.client.call(...args)) as LabServer["client"]["call"] };

describe("what another changed meanwhile is not written over", () => {
  test.each<[what: string, argv: string[], meanwhile: () => Promise<unknown>]>([
    ["a host's name", ["host", "rename", "h1", "mine"], () => call("hostChange", { params: { id: "h1" }, body: { tags: [`t${Date.now()}`] } })],
    ["a host, removed", ["host", "remove", "h1", "--yes"], () => call("hostChange", { params: { id: "h1" }, body: { tags: [`u${Date.now()}`] } })],
    ["a host, disabled", ["host", "disable", "h1"], () => call("hostChange", { params: { id: "h1" }, body: { tags: [`v${Date.now()}`] } })],
    ["an account's name", ["account", "rename", "ann", "Ann"], () => call("accountChange", { params: { id: "ann" }, body: { displayName: "Anna" } })],
    ["an account, removed", ["account", "remove", "ann", "--yes"], () => call("accountChange", { params: { id: "ann" }, body: { displayName: "A." } })],
    ["a group's name", ["group", "rename", "team", "mine"], () => call("groupChange", { params: { id: "team" }, body: { description: "x" } })],
    ["a group, removed", ["group", "remove", "team", "--yes"], () => call("groupChange", { params: { id: "team" }, body: { description: "y" } })],
    [
      "a role",
      ["role", "change", "looker", "--description", "mine"],
      () => call("roleChange", { params: { id: "looker" }, body: { permissions: ["vm.view"] } }),
    ],
    ["a role, removed", ["role", "remove", "looker", "--yes"], () => call("roleChange", { params: { id: "looker" }, body: { description: "z" } })],
    ["a folder's name", ["folder", "rename", "/box", "mine"], async () => call("folderChange", { params: { id: await folder() }, body: { name: "box" } })],
    ["how long the history is kept", ["history", "retention", "--days", "9"], () => call("historyRetentionSet", { body: { maxBytes: Date.now() } })],
    ["a VM's folder", ["folder", "put", "/box", "VM"], () => call("vmChange", { params: { id: vms[0]!.id }, body: { tags: [`w${Date.now()}`] } })],
    ["a note", ["note", "VM", "mine"], () => call("vmChange", { params: { id: vms[0]!.id }, body: { notes: `theirs ${Date.now()}` } })],
  ])("%s", async (_, argv, meanwhile) => {
    await call("accountCreate", { body: { name: "ann" } }).catch(() => undefined);
    await call("groupCreate", { body: { name: "team" } }).catch(() => undefined);
    await call("roleCreate", { body: { name: "looker", permissions: ["host.view"] } }).catch(() => undefined);
    await call("folderCreate", { body: { name: "box" } }).catch(() => undefined);
    const words = argv.map((word) => (word === "VM" ? vms[0]!.id : word));
    before = meanwhile;
    const { code, err } = await cli(...words);
    expect(before, "the command wrote").toBeUndefined();
    expect([code, err], err).toEqual([6, expect.stringMatching(/changed since you looked at it|has another note by now/)]);
    expect(err).toMatch(/--force/);
  });
  const folder = async (): Promise<string> => (await call("folderList")).items.find(({ path }) => path === "/box")!.id;

  test("what it was and who did it is told, and --force does it all the same", async () => {
    const change = (): Promise<unknown> => call("hostChange", { params: { id: "h1" }, body: { tags: ["theirs"] } });
    before = change;
    const { err } = await cli("host", "rename", "h1", "ours");
    expect(err).toMatch(/h1 changed since you looked at it, and nothing was done\.\n.*admin: tags .* -> \["theirs"\]/);
    before = () => call("hostChange", { params: { id: "h1" }, body: { tags: ["again"] } });
    expect((await cli("host", "rename", "h1", "ours", "--force")).out).toMatch(/h1 is now called ours/);
    await cli("host", "rename", "ours", "h1");
  });
});

describe("a yes is to what was shown", () => {
  const asked = async (argv: string[], meanwhile: () => Promise<unknown>): Promise<{ code: number; out: string }> => {
    const child = spawn("script", ["-qefc", `stty rows 24 cols 120; ${[process.execPath, main, ...argv].map((word) => `'${word}'`).join(" ")}`, "/dev/null"], {
      env: env(),
    });
    const shown = watchOutput(child);
    await shown.until(/Do this to/);
    await meanwhile();
    child.stdin.write("y");
    const code = await shown.ended;
    return { code, out: shown.out() };
  };

  test("a VM that became another meanwhile is not deleted, and it is said what became of it and what to type", async () => {
    const vm = (await call("vmList", { query: { filter: "state = off" } })).items[0]!;
    const { code, out } = await asked(["delete", vm.id], () => call("vmChange", { params: { id: vm.id }, body: { notes: "do not delete" } }));
    expect(code, out).toBe(6);
    expect(out).toMatch(/admin: notes .* -> do not delete/);
    const id = /To do it all the same: polyvisor task retry (t-\w+)/.exec(out)![1]!;
    expect((await call("vmGet", { params: { id: vm.id } })).notes).toBe("do not delete");
    expect((await cli("task", "retry", id)).code).toBe(0);
    await expect(call("vmGet", { params: { id: vm.id } })).rejects.toMatchObject({ problem: { code: "notFound" } });
  });

  test("of several those that did not change are done", async () => {
    const [a, b] = (await call("vmList", { query: { filter: "state = running" } })).items;
    const { code, out } = await asked(["destroy", a!.id, b!.id], () => call("vmChange", { params: { id: b!.id }, body: { notes: "mine" } }));
    expect(code, out).toBe(1);
    expect((await call("vmGet", { params: { id: a!.id } })).state).toBe("off");
    expect((await call("vmGet", { params: { id: b!.id } })).state).toBe("running");
  });
});
