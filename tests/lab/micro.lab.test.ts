import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeTurnsAtSystemDaemon } from "./systemDaemon.ts";

// The guest is judged with virsh and script(1) alone, so that nothing of ours can flatter it.

const run = promisify(execFile);
const recipe = path.resolve("apps/server/recipes/micro/build.sh");
const built = path.resolve(".cache/micro");
const name = `micro-lab-${process.pid}`;
/** Another libvirtd than the system's, where that one cannot run containers. */
const lxc = process.env["POLYVISOR_LAB_LXC_URI"] ?? "lxc:///";

interface Template {
  kernel: string;
  initramfs: string;
  rootfs: string;
  cmdline: string;
  minMemoryMiB: number;
  files: Record<string, { sha256: string; size: number }>;
}

let template: Template;
let folder: string;

async function virsh(uri: string, ...args: string[]): Promise<string> {
  return (await run("virsh", ["-q", "-c", uri, ...args], { timeout: 60_000 })).stdout;
}

takeTurnsAtSystemDaemon();

/** Polls until the condition gives something, or fails naming what was waited for. */
async function until<T>(what: string, seconds: number, condition: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** `virsh console` on a terminal of its own, as an operator has it. */
class Console {
  #text = "";
  readonly #process: ChildProcess;
  constructor(uri: string) {
    this.#process = spawn("script", ["-qfc", `virsh -c '${uri}' console ${name}`, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdout?.on("data", (data: Buffer) => (this.#text += data.toString("latin1")));
  }
  /** Types a line once the prompt is there, and gives what the guest wrote until `expected` stood there. */
  async type(line: string, expected: RegExp): Promise<string> {
    this.#text = "";
    // A prompt that was written before we came is not repeated; an empty line asks for one.
    await until("a prompt", 40, async () => {
      if (/# /.test(this.#text)) return true;
      this.#process.stdin?.write("\r");
      await new Promise((resolve) => setTimeout(resolve, 300));
      return false;
    });
    this.#text = "";
    this.#process.stdin?.write(`${line}\r`);
    return until(`${expected} after "${line}"; so far: ${JSON.stringify(this.#text.slice(-500))}`, 30, async () =>
      expected.test(this.#text) ? this.#text : undefined,
    );
  }
  interrupt(): void {
    this.#process.stdin?.write("\x03");
  }
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin?.end("\x1d");
    if (this.#process.exitCode === null) await ended;
  }
}

async function defaultNetworkIsOn(): Promise<boolean> {
  return (await virsh("qemu:///system", "net-list", "--name").catch(() => "")).split("\n").some((line) => line.trim() === "default");
}

const nicOnDefault = "<interface type='network'><source network='default'/><model type='virtio'/></interface>";

beforeAll(async () => {
  await run(recipe, [built], { timeout: 170_000 });
  template = JSON.parse(await readFile(path.join(built, "template.json"), "utf8")) as Template;
  // QEMU runs as another account, which may not look into ours.
  folder = await mkdtemp(path.join(tmpdir(), "polyvisor-micro-"));
  await chmod(folder, 0o755);
  for (const file of [template.kernel, template.initramfs]) await copyFile(path.join(built, file), path.join(folder, file));
  await mkdir(path.join(folder, "rootfs"));
  await run("tar", ["-C", path.join(folder, "rootfs"), "-xzf", path.join(built, template.rootfs)]);
});

afterAll(async () => {
  for (const uri of ["qemu:///system", lxc]) await virsh(uri, "destroy", name).catch(() => undefined);
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function create(uri: string, xml: string): Promise<void> {
  const file = path.join(folder, "domain.xml");
  await writeFile(file, xml);
  await virsh(uri, "create", file);
}

const gone = (uri: string) => until("the guest's end", 60, async () => !(await virsh(uri, "list", "--name")).split("\n").includes(name));

describe("the recipe micro", () => {
  it("describes each file as it is", async () => {
    for (const [file, { sha256, size }] of Object.entries(template.files)) {
      expect((await stat(path.join(built, file))).size).toBe(size);
      expect(
        createHash("sha256")
          .update(await readFile(path.join(built, file)))
          .digest("hex"),
      ).toBe(sha256);
    }
    expect(Object.keys(template.files)).toEqual(expect.arrayContaining([template.initramfs, template.rootfs, template.kernel]));
    // The container's image is mostly holes.
    const total = Object.entries(template.files).reduce((sum, [file, each]) => sum + (file === "rootfs.img" ? 0 : each.size), 0);
    expect(total).toBeLessThan(30 * 1024 * 1024);
  });

  it("leaves what is built as it is", async () => {
    const before = (await stat(path.join(built, "template.json"))).mtimeMs;
    const { stdout } = await run(recipe, [built]);
    expect(stdout).toBe("100% built before\n");
    expect((await stat(path.join(built, "template.json"))).mtimeMs).toBe(before);
  });

  it("says what is missing where a folder cannot be made", async () => {
    await expect(run(recipe, ["/proc/nowhere"])).rejects.toMatchObject({ code: 2 });
  });
});

describe("micro as a virtual machine", () => {
  const uri = "qemu:///system";
  const xml = (machine: string, nic: string) => `<domain type='qemu'><name>${name}</name><memory unit='MiB'>${template.minMemoryMiB}</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='${machine}'>hvm</type><kernel>${folder}/${template.kernel}</kernel><initrd>${folder}/${template.initramfs}</initrd>
    <cmdline>${template.cmdline} hostname=${name}</cmdline></os><features><acpi/></features>
    <devices><serial type='pty'/><console type='pty'><target type='serial'/></console>${nic}
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`;

  it("boots to a prompt, has an address and an agent, and ends at the power button", async () => {
    const onDefault = await defaultNetworkIsOn();
    await create(uri, xml("q35", onDefault ? nicOnDefault : "<interface type='user'><model type='virtio'/></interface>"));
    const terminal = new Console(uri);
    try {
      expect(await terminal.type("hostname; . /etc/os-release; echo $NAME", /Polyvisor micro\r/)).toContain(name);
      // The clock of the machine is the guest's, to the minute.
      const clock = Number(/=(\d{10})/.exec(await terminal.type("date +=%s", /=\d{10}/))?.[1]);
      expect(Math.abs(clock - Date.now() / 1000)).toBeLessThan(60);
    } finally {
      await terminal.close();
    }
    const address = await until(
      "an address that the agent tells",
      30,
      async () => /eth0\s+\S+\s+ipv4\s+(\S+)/.exec(await virsh(uri, "domifaddr", name, "--source", "agent").catch(() => ""))?.[1],
    );
    expect(address).toMatch(onDefault ? /^192\.168\.|^10\.|^172\./ : /^10\.0\.2\./);
    await virsh(uri, "domfsfreeze", name);
    await virsh(uri, "domfsthaw", name);
    await virsh(uri, "shutdown", name, "--mode", "acpi");
    await gone(uri);
  });

  it("boots on the older machine type too, and ends when its agent is asked", async () => {
    await create(uri, xml("pc", ""));
    await until("the agent", 40, () => virsh(uri, "qemu-agent-command", name, '{"execute":"guest-ping"}').catch(() => undefined));
    await virsh(uri, "shutdown", name, "--mode", "agent");
    await gone(uri);
  });
});

/** What the guest's script does with `eth0` as `setup` makes it, in a network of its own that ends with it. */
async function nicsTouched(setup: string): Promise<string> {
  const programs = path.join(folder, "programs");
  await mkdir(programs, { recursive: true });
  await writeFile(path.join(programs, "udhcpc"), "#!/bin/sh\necho asked\n", { mode: 0o755 });
  const script = `mount -t sysfs sys /sys; mount -t tmpfs run /run; ${setup}; before=$(ip addr)
    sh ${path.resolve("apps/server/recipes/micro/guest/nic")} eth0
    [ "$before" = "$(ip addr)" ] && echo untouched; [ -e /run/udhcpc.eth0 ] && echo asked; true`;
  return (
    await run("unshare", ["-mn", "sh", "-ec", script], {
      env: { ...process.env, container: "lxc-libvirt", PATH: `${programs}:${process.env["PATH"]}:/usr/sbin:/sbin` },
    })
  ).stdout;
}

describe.skipIf(process.getuid?.() !== 0)("micro in a container that shares its host's network", () => {
  const pair = "ip link add eth0 type veth peer name peer0";
  it.each([
    ["with an address", `${pair}; ip addr add 192.0.2.7/24 dev eth0`],
    ["that is a port of a bridge", `${pair}; ip link add bridge0 type bridge; ip link set eth0 master bridge0`],
    ["that is no end of a pair", "ip link add eth0 type bridge"],
  ])("leaves alone a NIC %s", async (_, setup) => {
    expect(await nicsTouched(setup)).toBe("untouched\n");
  });
  it("asks for an address on a NIC that was made for it", async () => {
    expect(await nicsTouched(pair)).toBe("asked\n");
  });
});

describe("micro as a container", () => {
  const uri = lxc;
  const xml = (nic: string) => `<domain type='lxc'><name>${name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <os><type>exe</type><init>/sbin/init</init></os><features><privnet/></features>
    <devices><filesystem type='mount'><source dir='${folder}/rootfs'/><target dir='/'/></filesystem><console type='pty'/>${nic}</devices></domain>`;

  it("gives a prompt that obeys Ctrl-C, restarts, and ends when libvirt asks it in either way", async ({ skip }) => {
    const start = async (nic: string) => {
      try {
        await create(uri, xml(nic));
      } catch (error) {
        const said = String((error as { stderr?: string }).stderr);
        if (/cgroup|no connection driver|failed to connect/i.test(said)) skip(`this machine's libvirtd runs no containers: ${said.trim()}`);
        throw error;
      }
    };
    await start((await defaultNetworkIsOn()) ? "<interface type='bridge'><source bridge='virbr0'/></interface>" : "");
    const terminal = new Console(uri);
    try {
      expect(await terminal.type("hostname; . /etc/os-release; echo $NAME", /Polyvisor micro\r/)).toContain(name);
      await terminal.type("echo begun-$$; sleep 1000", /begun-\d/);
      terminal.interrupt();
      await terminal.type("echo status-$?", /status-130/);
      if (await defaultNetworkIsOn())
        await until("an address", 40, async () => /inet \d/.test(await terminal.type("ip -4 addr show eth0; echo done-$?", /done-\d/)));
    } finally {
      await terminal.close();
    }
    await virsh(uri, "shutdown", name); // by the pipe of initctl
    await gone(uri);
    await start("");
    const second = new Console(uri);
    // A signal that comes before the guest listens is lost, as for every first process.
    await second.type("echo up-$?", /up-0/).finally(() => second.close());
    await virsh(uri, "shutdown", name, "--mode", "signal");
    await gone(uri);
  });
});
