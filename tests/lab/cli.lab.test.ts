import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Task, Vm } from "@polyvisor/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CliProgram, until, watchOutput } from "./cliProgram.ts";

let cli: CliProgram;
beforeAll(async () => {
  cli = await CliProgram.start();
  await cli.ok("host", "add", "sim://lab/host-0001?vms=6&seed=7", "--name", "h1");
  await cli.ok("host", "add", "sim://lab/host-0002?vms=6&seed=7", "--name", "h2");
  await until("both hosts are connected", async () =>
    (await cli.json<{ connection: { state: string } }[]>("host", "list")).every((host) => host.connection.state === "connected"),
  );
});
afterAll(() => cli?.[Symbol.asyncDispose]());

const vm = async (ref: string): Promise<Vm> => cli.json<Vm>("info", ref);

describe("the command line over the server", () => {
  it("runs a VM's whole life", async () => {
    expect(await cli.ok("create", "life", "--memory", "256M", "--disk", "size=1G", "--nic", "network=default", "--host", "h1", "--dry-run")).toContain(
      "then life is running on h1",
    );
    expect((await cli.run(["explain", "life"])).code).toBe(3);
    await cli.ok("create", "life", "--memory", "256M", "--max-memory", "1G", "--disk", "size=1G", "--nic", "network=default", "--host", "h1");
    expect((await vm("life")).state).toBe("running");
    expect((await cli.run(["start", "life"])).code).toBe(6);
    for (const [verb, state] of [
      ["pause", "paused"],
      ["unpause", "running"],
      ["save", "saved"],
      ["start", "running"],
      ["shutdown", "off"],
      ["start", "running"],
      ["reboot", "running"],
      ["reset", "running"],
    ] as const) {
      await cli.ok(verb, "life");
      expect(await cli.ok("state", "life"), verb).toMatch(new RegExp(`^${state} `));
    }
    expect((await cli.run(["destroy", "life"])).code).toBe(2);
    await cli.ok("destroy", "life", "--yes");
    await cli.ok("set", "life", "memory=512M", "vcpus=1", "title=A life", "--next-start");
    expect(await vm("life")).toMatchObject({ state: "off", title: "A life", memory: { current: 512 * 1024 ** 2 } });
    await cli.ok("disk", "attach", "life", "size=64M,target=vdb", "--next-start");
    await cli.ok("autostart", "life");
    await cli.ok("rename", "life", "afterlife");
    expect(await vm("afterlife")).toMatchObject({ autostart: true, disks: [{ target: "vda" }, { target: "vdb" }] });
    await cli.ok("clone", "afterlife", "twin");
    await cli.ok("migrate", "twin", "h2");
    expect(await cli.ok("list", "name=twin", "host=h2", "-o", "name")).toBe("twin\n");
    await cli.ok("delete", "twin", "afterlife", "--disks", "--yes");
    expect(await cli.ok("list", "name=twin,afterlife", "-o", "name")).toBe("");
    expect(await cli.ok("volume", "list")).not.toMatch(/afterlife|life-/);
  });

  it("takes, shows, reverts to and deletes snapshots", async () => {
    const name = (await cli.ok("list", "host=h1", "state=running", "-o", "name")).split("\n")[0]!;
    await cli.ok("snapshot", "create", name, "first");
    await cli.ok("snapshot", "create", name, "second", "--description", "the second");
    expect(await cli.ok("snapshot", "list", name)).toMatch(/^first .*\n└─ second \(current\) .*the second\n$/);
    await cli.ok("snapshot", "revert", name, "first", "--yes");
    expect(await cli.ok("snapshot", "list", name)).toMatch(/^first \(current\)/);
    await cli.ok("snapshot", "delete", name, "first", "--children", "--yes");
    expect(await cli.ok("snapshot", "list", name)).toBe("");
  });

  it("gives a result for each of several, and exit code 1 when some failed", async () => {
    await cli.ok("shutdown", "host=h2", "state=running", "--yes");
    const names = (await cli.ok("list", "host=h2", "state=off", "-o", "name")).trim().split("\n");
    await cli.ok("start", names[0]!);
    const { code, out, err } = await cli.run(["start", "host=h2", "state=running,off"]);
    expect(code).toBe(1);
    expect(err).toContain("is not possible while the VM is running");
    for (const name of names.slice(1)) expect(out).toContain(name.split("/").at(-1));
    const [task] = await cli.json<Task[]>("task", "list", "-n", "1");
    expect(task!.state).toBe("partial");
    expect(await cli.ok("task", "show", task!.id)).toContain("failed");
    expect((await cli.run(["task", "wait", task!.id])).code).toBe(1);
  });

  it("prints a task's id with --no-wait; task wait has its outcome", async () => {
    const [name] = (await cli.ok("list", "host=h1", "state=running", "-o", "name")).split("\n") as [string];
    const id = (await cli.ok("reboot", name, "--no-wait")).trim();
    expect(id).toMatch(/^t-/);
    expect((await cli.run(["task", "wait", id])).code).toBe(0);
  });

  it("stops waiting on Ctrl-C; the task goes on until it is cancelled", async () => {
    await cli.ok("host", "add", "sim://stubborn/host-0001?vms=10&stubborn=1&pace=1", "--name", "stubborn");
    const [ref] = (await cli.ok("list", "host=stubborn", "state=running", "-o", "name")).split("\n") as [string];
    const child = cli.spawn(["shutdown", `stubborn/${ref.split("/").at(-1)!}`]);
    const seen = watchOutput(child);
    const running = async (): Promise<Task[]> => cli.json<Task[]>("task", "list", "--state", "running");
    await until("the task runs", async () => (await running()).length === 1);
    child.kill("SIGINT");
    expect(await seen.ended).toBe(130);
    const [task] = await running();
    expect(seen.out()).toContain(`polyvisor task cancel ${task!.id}`);
    expect(await cli.ok("task", "cancel", task!.id)).toBe(`${task!.id}: cancelled\n`);
    expect((await cli.run(["task", "wait", task!.id])).code).not.toBe(0);
    await cli.ok("host", "remove", "stubborn", "--yes");
  });

  it("follows what others do, live", async () => {
    const watching = cli.spawn(["list", "--watch", "name=watched*"]);
    const seen = watchOutput(watching);
    const tail = cli.spawn(["events", "vm", "-o", "json"]);
    const events = watchOutput(tail);
    try {
      await cli.ok("host", "list"); // both streams had the time of a whole command to open
      await cli.ok("create", "watched", "--host", "h1");
      await seen.until(/watched +h1 +running/);
      await cli.ok("pause", "watched");
      await seen.until(/watched +h1 +paused/);
      await cli.ok("delete", "watched", "--force", "--yes");
      await seen.until(/watched +gone/);
      await events.until(/"type":"deleted"/);
      for (const line of events.out().trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ kind: "vm" });
    } finally {
      watching.kill("SIGINT");
      tail.kill("SIGINT");
    }
    expect(await seen.ended).toBe(0);
    expect(await events.ended).toBe(0);
  });

  it("tags, notes, and selects by them", async () => {
    const [name] = (await cli.ok("list", "host=h1", "-o", "name")).split("\n") as [string];
    await cli.ok("tag", name, "+数据", "+web", "-none");
    await cli.ok("note", name, "two\nlines");
    expect(await cli.ok("list", "tag=数据", "-o", "name")).toBe(`${name.split("/").at(-1)}\n`);
    expect(await cli.ok("note", name)).toBe("two\nlines\n");
    await cli.ok("tag", name, "-数据");
    expect(await cli.ok("list", "tag=数据", "-o", "name")).toBe("");
  });

  it("moves disks in and out, whole", async () => {
    const file = join(cli.folder, "disk.raw");
    const back = join(cli.folder, "back.raw");
    writeFileSync(file, Buffer.alloc(3 * 1024 ** 2 + 512, "polyvisor "));
    await cli.ok("volume", "upload", "h1/local", "up.raw", file, "--create");
    await cli.ok("volume", "download", "h1/local", "up.raw", back);
    expect(readFileSync(back).equals(readFileSync(file))).toBe(true);
    expect((await cli.run(["volume", "download", "h1/local", "up.raw", back])).code).toBe(2);
    await cli.ok("volume", "resize", "h1/local", "up.raw", "8M");
    await cli.ok("volume", "delete", "h1/local", "up.raw", "--yes");
    expect(await cli.ok("volume", "list", "h1/local", "-o", "name")).not.toContain("up.raw");
  });

  it("attaches to a console by a pipe, and says why it cannot", async () => {
    await cli.ok("create", "talks", "--host", "h1");
    const child = cli.spawn(["console", "talks"]);
    const seen = watchOutput(child);
    await seen.until("Escape is ^]");
    child.stdin.write("help\n");
    await seen.until("help");
    child.stdin.write("\u001d");
    expect(await seen.ended).toBe(0);
    await cli.ok("destroy", "talks", "--yes");
    const refused = await cli.run(["console", "talks"]);
    expect([refused.code, refused.out]).toEqual([6, ""]);
    expect(refused.err).toContain("console is not possible while the VM is off");
  });

  it("gives the terminal back as it was", async () => {
    const [name] = (await cli.ok("list", "host=h1", "state=running", "-o", "name")).split("\n") as [string];
    // script(1) gives it a terminal of its own.
    const child = spawn(
      "script",
      ["-qfec", `stty rows 24 cols 100; '${process.execPath}' apps/cli/src/main.ts console ${name}; stty -a; echo END`, "/dev/null"],
      { env: { ...cli.env, TERM: "xterm" }, cwd: join(import.meta.dirname, "../..") },
    );
    const seen = watchOutput(child);
    await seen.until("Escape is ^]");
    child.stdin.write("\u0003"); // for the guest: it must not end us
    child.stdin.write("help\r");
    await seen.until(/help[\s\S]*\S/);
    child.stdin.write("\u001d");
    await seen.until("END");
    expect(seen.out()).toContain("Left the console");
    expect(seen.out()).toMatch(/ icanon[ ;]/);
    expect(seen.out()).toMatch(/ echo[ ;]/);
    child.stdin.end();
  });

  it("asks before it cuts the power, and takes no for an answer", async () => {
    const [name] = (await cli.ok("list", "host=h1", "state=running", "-o", "name")).split("\n") as [string];
    for (const [answer, state] of [
      ["n", "running"],
      ["y", "off"],
    ] as const) {
      const child = spawn("script", ["-qfec", `stty rows 24 cols 100; '${process.execPath}' apps/cli/src/main.ts destroy ${name}; echo END $?`, "/dev/null"], {
        env: { ...cli.env, TERM: "xterm" },
        cwd: join(import.meta.dirname, "../.."),
      });
      const seen = watchOutput(child);
      await seen.until("Do this to");
      child.stdin.write(answer);
      await seen.until(answer === "y" ? "END 0" : "END 130");
      child.stdin.end();
      expect(await cli.ok("state", name)).toMatch(new RegExp(`^${state}`));
    }
  });

  it("keeps a console over a restart of the server", async () => {
    // One that the simulator populates: what was created in it goes with it.
    const [name] = (await cli.ok("list", "host=h1", "state=running", "name=vm-*", "-o", "name")).split("\n") as [string];
    const port = await cli.port;
    const child = cli.spawn(["console", name]);
    const seen = watchOutput(child);
    await seen.until("Escape is ^]");
    await cli.stopServer();
    await seen.until("connecting again");
    await cli.startServer(port);
    await seen.until(/Connected to \S+ again/, 30_000);
    child.stdin.write("\u001d");
    expect(await seen.ended).toBe(0);
  });

  it("signs in by code, by pass phrase, and out again", async () => {
    const url = `http://127.0.0.1:${await cli.port}`;
    const { code } = await cli.json<{ code: string }>("sign-in", "code");
    const elsewhere = { POLYVISOR_DATA: "", XDG_CONFIG_HOME: join(cli.folder, "elsewhere") };
    expect((await cli.run(["list"], { env: { ...elsewhere, POLYVISOR_URL: url } })).code).toBe(4);
    expect((await cli.run(["login", "--url", url, "--code", code], { env: elsewhere })).code).toBe(0);
    expect((await cli.run(["host", "list", "-o", "name"], { env: elsewhere })).out).toBe("h1\nh2\n");
    expect((await cli.run(["login", "--url", url, "--code", code], { env: elsewhere })).code).toBe(4);
    expect((await cli.run(["logout"], { env: elsewhere })).code).toBe(0);
    const phrase = "  ein Satz mit Leerzeichen, Ümläuten und 数据 ";
    expect((await cli.run(["pass-phrase"], { input: `${phrase}\n` })).code).toBe(0);
    expect((await cli.run(["login", "--url", url, "--name", "admin"], { env: elsewhere, input: `${phrase.trim()}\n` })).code).toBe(4);
    expect((await cli.run(["login", "--url", url, "--name", "admin"], { env: elsewhere, input: `${phrase}\n` })).code).toBe(0);
    expect((await cli.run(["logout"], { env: elsewhere })).code).toBe(0);
    const token = (await cli.ok("token", "create", "ci")).trim();
    expect((await cli.run(["list", "-o", "name"], { env: { ...elsewhere, POLYVISOR_URL: url, POLYVISOR_TOKEN: token } })).code).toBe(0);
    await cli.ok("token", "revoke", "ci");
    expect((await cli.run(["list", "-o", "name"], { env: { ...elsewhere, POLYVISOR_URL: url, POLYVISOR_TOKEN: token } })).code).toBe(4);
  });

  it("reads every page of a long list, and completes names of it", async () => {
    await cli.ok("host", "add", "sim://many/host-0001?vms=2300&seed=3", "--name", "many");
    await until("all its VMs are there", async () => (await cli.ok("list", "host=many", "-o", "name")).trim().split("\n").length > 2000);
    const names = (await cli.ok("list", "host=many", "-o", "name")).trim().split("\n");
    const vms = await cli.json<Vm[]>("list", "host=many");
    expect(new Set(vms.map(({ id }) => id)).size).toBe(names.length);
    const offered = (await cli.ok("__complete", "--", "console", names[0]!.split("/").at(-1)!.slice(0, -1))).trim().split("\n");
    expect(offered.length).toBeGreaterThan(1);
    await cli.ok("host", "remove", "many", "--yes");
  });

  it("shows load, hosts, places and the site", async () => {
    expect(await cli.ok("info")).toMatch(/Hosts +: 2/);
    expect(await cli.ok("info", "h1")).toContain("NUMA cell 0");
    expect(await cli.ok("datastore", "info", "h1/local")).toMatch(/Free +: /);
    expect(await cli.ok("network", "info", "h1/default")).toMatch(/Forward +: nat/);
    await until("load was measured twice", async () => /running .* \d+\.\d/.test(await cli.ok("top", "--once")), 60_000);
    expect(await cli.json<{ hosts: unknown[] }>("top", "--once")).toMatchObject({ hosts: [{}, {}] });
    expect(JSON.parse(await cli.ok("openapi"))).toMatchObject({ openapi: "3.1.0" });
  });

  it("says when a host is lost, and that its VMs are as last seen", async () => {
    await cli.ok("host", "disable", "h2");
    const { out, err } = await cli.run(["list", "host=h2"]);
    expect(out).toContain("?");
    expect(err).toContain("h2 is disabled: its VMs are as last seen");
    expect((await cli.run(["start", "host=h2", "state=off"])).code).not.toBe(0);
    await cli.ok("host", "enable", "h2");
  });

  it("ends with 5 and a sentence when the server has stopped", async () => {
    await cli.stopServer();
    const { code, err } = await cli.run(["list"]);
    expect(code).toBe(5);
    expect(err.trim().split("\n")).toHaveLength(2);
  });
});
