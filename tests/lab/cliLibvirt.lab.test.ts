import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Vm } from "@polyvisor/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CliProgram, until, watchOutput } from "./cliProgram.ts";
import { takeTurnsAtSystemDaemon } from "./systemDaemon.ts";

const socket = "/var/run/libvirt/libvirt-sock";
const name = `cli-lab-${process.pid}`;
const virsh = (...args: string[]): string => execFileSync("virsh", ["-c", "qemu:///system", ...args], { encoding: "utf8" });

takeTurnsAtSystemDaemon();

/** As an administrator on this machine: its own libvirt, the micro guest, and virsh beside it. */
describe.skipIf(!existsSync(socket))("the command line on this machine's libvirt", () => {
  let cli: CliProgram;
  let host: string;
  beforeAll(async () => {
    cli = await CliProgram.start();
  });
  afterAll(async () => {
    for (const each of [name, `${name}-xml`]) await cli?.run(["delete", each, "--disks", "--force", "--yes"]);
    await cli?.[Symbol.asyncDispose]();
  });
  const vm = (ref: string): Promise<Vm> => cli.json<Vm>("info", ref);

  it("adds this machine, and changes nothing the second time", async () => {
    const first = await cli.json<{ uri: string; result: string; name?: string }[]>("host", "add", "--local");
    expect(first.find(({ uri }) => uri === "qemu:///system")).toMatchObject({ result: "added" });
    expect(await cli.json("host", "add", "--local")).toEqual(
      first.map((each) => expect.objectContaining({ uri: each.uri, result: each.result === "added" ? "present" : "absent" })),
    );
    host = first.find(({ uri }) => uri === "qemu:///system")!.name!;
    await until("its VMs are known", async () => (await cli.ok("host", "info", host)).includes("Hypervisor"));
  });

  it("builds the micro template", async () => {
    await cli.ok("template", "build", "micro");
    expect(await cli.ok("template", "list")).toMatch(/^micro +yes/m);
  }, 600_000);

  it("creates a VM, shows its console to the prompt, and types into it", async () => {
    const child = cli.spawn(["create", name, "--template", "micro", "--host", host, "--console"]);
    const seen = watchOutput(child);
    await seen.until("Escape is ^]", 120_000);
    await until(
      () => `a prompt is shown; shown is:\n${seen.out()}`,
      async () => {
        child.stdin.write("\n");
        return /micro:~# .*micro:~# /s.test(seen.out());
      },
      180_000,
    );
    child.stdin.write("echo $((6*7))\n");
    await seen.until(/^42\r?$/m, 30_000);
    child.stdin.write("\u001d");
    expect(await seen.ended).toBe(0);
    expect(virsh("domstate", name).trim()).toBe("running");
  }, 360_000);

  it("tells what virsh did behind its back", async () => {
    virsh("suspend", name);
    await until("it is paused here too", async () => (await cli.ok("state", name)).startsWith("paused"), 5_000);
    expect(await cli.ok("explain", name)).toMatch(/paused/);
    virsh("resume", name);
    await until("it is running here too", async () => /^(running|blocked)/.test(await cli.ok("state", name)), 5_000);
    expect(await cli.ok("dump", name)).toContain(`<name>${name}</name>`);
  });

  it("refuses a change of a state that does not allow it, and shuts the guest down", async () => {
    expect((await cli.run(["start", name])).code).toBe(6);
    await cli.ok("shutdown", name);
    expect(virsh("domstate", name).trim()).toBe("shut off");
    await cli.ok("set", name, "memory=192M", "max-memory=192M", "title=Of the lab", "--next-start");
    expect(await vm(name)).toMatchObject({ state: "off", title: "Of the lab", memory: { current: 192 * 1024 ** 2 } });
    expect(virsh("dominfo", name)).toMatch(/Max memory: +196608 KiB/);
  }, 180_000);

  it("defines and starts what a libvirt XML file says, and keeps what it does not know", async () => {
    const file = join(cli.folder, "vm.xml");
    writeFileSync(
      file,
      `<domain type="qemu"><name>${name}-xml</name><memory unit="MiB">64</memory><metadata><x:own xmlns:x="urn:example:own">kept</x:own></metadata><os><type arch="x86_64">hvm</type></os><devices><console type="pty"/></devices></domain>`,
    );
    await cli.ok("create", file, "--host", host);
    expect(virsh("domstate", `${name}-xml`).trim()).toBe("running");
    await cli.ok("destroy", `${name}-xml`, "--yes");
    await cli.ok("rename", `${name}-xml`, `${name}-renamed`);
    expect(virsh("dumpxml", `${name}-renamed`)).toContain("kept");
    await cli.ok("rename", `${name}-renamed`, `${name}-xml`);
    writeFileSync(file, "<domain><name>broken");
    expect((await cli.run(["define", file, "--host", host])).code).not.toBe(0);
  });

  it("deletes", async () => {
    await cli.ok("delete", name, `${name}-xml`, "--disks", "--yes");
    expect(virsh("list", "--all", "--name")).not.toContain(name);
    expect(await cli.ok("list", `name=${name}*`, "-o", "name")).toBe("");
  });
});
