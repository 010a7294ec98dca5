import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { connectHypervisor } from "@polyvisor/hypervisors";
import type { Host, Vm } from "@polyvisor/model";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { CliProgram, until } from "./cliProgram.ts";

// An ordinary user without any right on the machine: the server runs as this user, libvirt's session daemon is started
// when it is needed, and virsh beside it is what must be agreed with. Under root the user is `nobody`.

const ROOT = process.getuid?.() === 0;
const account = ROOT ? { uid: 65_534, gid: 65_534 } : undefined;
const xdg = (folder: string): Record<string, string> => ({
  XDG_RUNTIME_DIR: join(folder, "run"),
  XDG_CONFIG_HOME: join(folder, "config"),
  XDG_CACHE_HOME: join(folder, "cache"),
  XDG_DATA_HOME: join(folder, "share"),
});
let cli: CliProgram;

const virsh = (...args: string[]): string =>
  execFileSync("virsh", ["-q", "-c", "qemu:///session", ...args], { encoding: "utf8", env: cli.env, cwd: cli.folder, ...account });
const vm = (): Promise<Vm> => cli.json<Vm>("info", "small");
const host = (): Promise<Host> => cli.json<Host>("host", "info", "mine");
/** @throws where the file holds no number: 0 would mean every process of this test */
const daemonPid = (): number => Number(/^[1-9]\d*/.exec(readFileSync(join(cli.folder, "run/libvirt/libvirtd.pid"), "utf8"))![0]);

/** Ends the session's daemons and guests, which outlive the server: what they were started with names this test's folder. */
function endSession(folder: string): void {
  for (const entry of readdirSync("/proc").filter((each) => /^\d+$/.test(each)))
    try {
      if (readFileSync(`/proc/${entry}/environ`, "utf8").includes(`${folder}/`)) process.kill(Number(entry), "SIGKILL");
    } catch {
      /* it ended meanwhile, or is another user's */
    }
}

beforeAll(async () => {
  cli = await CliProgram.start({ env: xdg, ...(account ? { account } : {}) });
}, 90_000);
afterAll(async () => {
  await cli?.stopServer();
  if (cli) endSession(cli.folder);
  await cli?.[Symbol.asyncDispose]();
});

it("adds qemu:///session, whose daemon is started by that", async () => {
  expect(existsSync(join(cli.folder, "run/libvirt/libvirt-sock"))).toBe(false);
  await cli.ok("host", "add", "qemu:///session", "--name", "mine");
  expect(await host()).toMatchObject({ uri: "qemu:///session", connection: { state: "connected" }, facts: { hypervisor: { type: "QEMU" } } });
  expect(virsh("list", "--all", "--name").trim()).toBe("");
});

it("creates a VM with a disk, shows it, stops and starts it, as virsh sees it", async () => {
  await cli.ok("datastore", "create", "images", join(cli.folder, "images"), "--host", "mine");
  await cli.ok("create", "small", "--memory", "32M", "--disk", "size=16M", "--host", "mine");
  expect(await vm()).toMatchObject({ state: "running", nativeId: virsh("domuuid", "small").trim(), memory: { current: 32 * 1024 ** 2 } });
  expect(virsh("dumpxml", "small")).toContain("<domain type='qemu'");
  expect(virsh("vol-list", "images")).toMatch(/small-vda\.qcow2/);
  await cli.ok("destroy", "small", "--yes");
  expect(virsh("domstate", "small").trim()).toBe("shut off");
  await cli.ok("start", "small");
  expect(virsh("domstate", "small").trim()).toBe("running");
  virsh("suspend", "small");
  await until("it is paused here too", async () => (await vm()).state === "paused", 5_000);
  await cli.ok("unpause", "small");
}, 60_000);

it("has the same VM after a restart of the server, and after the daemon was killed", async () => {
  const before = await vm();
  const same = { id: before.id, state: "running", stateSince: before.stateSince };
  await cli.stopServer();
  await cli.startServer();
  await until("it is connected", async () => (await host()).connection.state === "connected");
  expect(await vm()).toMatchObject(same);
  const { since } = (await host()).connection;
  process.kill(daemonPid(), "SIGKILL");
  await until("another daemon was started and is connected", async () => {
    const { connection } = await host();
    return connection.state === "connected" && connection.since !== since;
  });
  await cli.ok("pause", "small");
  await cli.ok("unpause", "small");
  expect(await vm()).toMatchObject({ id: before.id, state: "running" });
}, 90_000);

it("deletes it with its disk", async () => {
  await cli.ok("delete", "small", "--disks", "--force", "--yes");
  expect(virsh("list", "--all", "--name").trim()).toBe("");
  expect(virsh("vol-list", "images")).not.toContain("small");
  expect(await cli.ok("list", "-o", "name")).toBe("");
});

it.runIf(ROOT)("tells root, who has no session daemon, which URI to use", async () => {
  vi.stubEnv("XDG_RUNTIME_DIR", join(cli.folder, "nothing-here"));
  const opening = connectHypervisor("qemu:///session", { signal: new AbortController().signal, openTimeoutMs: 10_000, callTimeoutMs: 10_000 });
  await expect(opening).rejects.toMatchObject({ code: "hostRefused", remedy: expect.stringContaining("/system") });
  vi.unstubAllEnvs();
});
