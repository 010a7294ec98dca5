import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { conformance } from "../conformance/index.ts";
import { labGuest } from "./fixtures/labGuest.ts";
import { libvirtKind } from "./libvirtKind.ts";

const MiB = 1024 ** 2;
const drivers = ["/usr/lib", "/usr/lib64", ...["x86_64", "aarch64"].map((arch) => `/usr/lib/${arch}-linux-gnu`)].map((place) =>
  join(place, "libvirt/connection-driver/libvirt_driver_lxc.so"),
);
const reason = missing();
const folder = reason === undefined ? mkdtempSync(join(tmpdir(), "polyvisor-lxc-")) : "";
const root = join(folder, "root");
const socket = join(folder, "socket/libvirt-sock");
const log = join(folder, "log");
let daemon: ChildProcess | undefined;

/** Why containers cannot be run here. */
function missing(): string | undefined {
  if (process.getuid?.() !== 0) return "containers need root";
  if (!drivers.some((path) => existsSync(path))) return "libvirt's LXC driver is not installed";
  if (!existsSync("/sys/fs/cgroup/memory")) return existsSync("/sys/fs/cgroup/cgroup.controllers") ? undefined : "there are no control groups";
  return undefined;
}

/**
 * A libvirtd of its own, with folders of its own in a mount namespace. Where a machine has control groups of both
 * versions, it is shown the first only: libvirt takes the empty second one for the real one and then has no limits.
 */
async function start(): Promise<void> {
  for (const sub of ["socket", "run", "lib", "etc", "logs", "cache"]) mkdirSync(join(folder, sub));
  writeFileSync(
    join(folder, "libvirtd.conf"),
    `unix_sock_dir = "${join(folder, "socket")}"\nauth_unix_rw = "none"\nunix_sock_rw_perms = "0700"\nlog_outputs = "3:file:${log}"\n`,
  );
  const binds = [
    ["run", "/run/libvirt"],
    ["lib", "/var/lib/libvirt"],
    ["etc", "/etc/libvirt"],
    ["logs", "/var/log/libvirt"],
    ["cache", "/var/cache/libvirt"],
  ].map(([own, place]) => `mkdir -p ${place} && mount --bind "${join(folder, own!)}" ${place}`);
  const script = [
    ...binds,
    "if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi",
    `exec libvirtd -f "${join(folder, "libvirtd.conf")}" -p "${join(folder, "pid")}"`,
  ]
    .join(" && ")
    .replaceAll("; fi && ", "; fi; ");
  daemon = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-ec", script], { stdio: "ignore" });
  const deadline = performance.now() + 60_000;
  while (!(await accepts())) {
    if (daemon.exitCode !== null || performance.now() > deadline)
      throw new Error(`libvirtd did not start: ${existsSync(log) ? readFileSync(log, "utf8") : "no log"}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

function accepts(): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

describe.skipIf(reason !== undefined)("containers", () => {
  beforeAll(async () => {
    mkdirSync(root);
    execFileSync("tar", ["-xzf", labGuest().rootfs, "-C", root]);
    await start();
  });
  afterAll(async () => {
    if (daemon && daemon.exitCode === null) {
      const gone = new Promise((resolve) => daemon!.once("exit", resolve));
      daemon.kill("SIGTERM");
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  conformance("LXC behind libvirt", {
    connect: async () => ({
      hypervisor: await libvirtKind.connect(new URL(`lxc:///?socket=${socket}`), {
        signal: new AbortController().signal,
        openTimeoutMs: 10_000,
        callTimeoutMs: 30_000,
      }),
    }),
    spec: (name) => ({ name, memory: 128 * MiB, container: { root } }),
    console: { send: "echo hello $((40 + 2))\n", expect: "hello 42" },
    sharedConsole: true,
    patienceMs: 30_000,
  });
});

if (reason !== undefined) it.skip(`containers are not tried here: ${reason}`, () => undefined);
