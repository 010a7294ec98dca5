import { execFile, spawn } from "node:child_process";
import { accessSync, chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRoot, MadeUpMachine, nodePackage } from "./launcher/madeUpMachine.ts";

let machine: MadeUpMachine;
let folder: string;
let root: string;
let data: string;
beforeEach(() => {
  machine = new MadeUpMachine();
  ({ folder, root, data } = machine);
});
afterEach(() => machine.remove());

const polyvisor: MadeUpMachine["polyvisor"] = (...args) => machine.polyvisor(...args);
const program: MadeUpMachine["program"] = (...args) => machine.program(...args);
const called: MadeUpMachine["called"] = (name) => machine.called(name);
const up = ["up", "--detach", "--without-hypervisor", "--database", "postgresql://db/x"];

describe("a command of the CLI", () => {
  it("gets its arguments as they were typed, and its status is ours", async () => {
    expect(await polyvisor(["tag", "my vm", "a=*", ""], { env: { CLI_STATUS: "7" } })).toEqual({ status: 7, out: "" });
    expect(called("node")).toEqual([`${root}/apps/cli/src/main.ts tag my vm a=* `.trim()]);
  });
  it("works through a link from elsewhere", async () => {
    symlinkSync(join(root, "polyvisor"), join(folder, "bin/pv"));
    await new Promise((resolve) => execFile(join(folder, "bin/pv"), ["list"], { env: { PATH: join(folder, "bin"), HOME: folder } }, resolve));
    expect(called("node")).toEqual([`${root}/apps/cli/src/main.ts list`]);
  });
  it("is refused on a machine of another kind", async () => {
    const { status, out } = await polyvisor(["list"], { env: { HOSTTYPE: "riscv64" } });
    expect(status).toBe(2);
    expect(out).toMatch(/riscv64.*x86_64 and aarch64/);
  });
});

describe("up, where something is missing", () => {
  it("names the packages and what to type when nobody can be asked", async () => {
    program("apt-get");
    program("qemu-img");
    const { status, out } = await polyvisor(["up"]);
    expect(status).toBe(2);
    expect(out).toMatch(/lacks .*: postgresql libvirt-daemon-system qemu-system-\S+ libvirt-daemon-driver-lxc dnsmasq-base iptables\n/);
    expect(out).toContain("--yes");
    expect(called("apt-get")).toEqual([]);
    expect(existsSync(join(data, "server.json"))).toBe(false);
  });
  it("says so on another distribution, with what Debian calls it", async () => {
    machine.distribution("Fedora Linux 41");
    const { status, out } = await polyvisor(["up", "--yes"]);
    expect(status).toBe(2);
    expect(out).toMatch(/Fedora Linux 41 has no apt-get/);
    expect(out).toMatch(/libvirt-daemon-system/);
  });
  it("says what root has to type where there is no sudo, and asks sudo where there is", async () => {
    program("apt-get");
    const uid = isRoot ? 65_534 : undefined;
    const without = await polyvisor(["up", "--yes"], { uid });
    expect(without).toMatchObject({ status: 2 });
    expect(without.out).toMatch(/only root may install it\.\n\s+As root type: apt-get install --no-install-recommends postgresql/);
    program("sudo", "exit 1");
    const refused = await polyvisor(["up", "--yes"], { uid });
    expect(refused.status).toBe(2);
    expect(called("sudo").at(-1)).toMatch(/^-n env DEBIAN_FRONTEND=noninteractive apt-get/);
  });
  it.runIf(isRoot)("installs exactly that, once it may", async () => {
    for (const each of ["postgres", "libvirtd", "qemu-system-x86_64", "qemu-system-aarch64", "qemu-img", "dnsmasq"]) program(each);
    mkdirSync(join(folder, "machine/usr/lib/libvirt"), { recursive: true });
    writeFileSync(join(folder, "machine/usr/lib/libvirt/libvirt_lxc"), "");
    program("apt-get", 'case "$*" in *" install "*) exit 100 ;; esac');
    const { status, out } = await polyvisor(["up", "--yes"]);
    expect(status).toBe(2);
    expect(out).toMatch(/Installing did not succeed/);
    expect(called("apt-get").filter((line) => / install /.test(line) && !line.includes(" -s "))[0]).toMatch(/ install --no-install-recommends iptables$/);
  });
  it("says that npm's registry was not reached, with npm's last words", async () => {
    rmSync(join(root, "node_modules"), { recursive: true });
    program("npm", "echo 'npm error network getaddrinfo' >&2; exit 1");
    const { status, out } = await polyvisor(up);
    expect(status).toBe(2);
    expect(out).toMatch(/getaddrinfo/);
    expect(out).toMatch(/libraries could not be fetched/);
  });
  it("fetches the libraries once, and again after the lock has changed", async () => {
    rmSync(join(root, "node_modules"), { recursive: true });
    program("npm", `mkdir -p 'node_modules/${nodePackage}/bin'; cp '${join(folder, "bin/node")}' 'node_modules/${nodePackage}/bin/node'`);
    for (let i = 0; i < 2; i += 1) expect(await polyvisor(["list"])).toMatchObject({ status: 0 });
    expect(called("npm")).toHaveLength(1);
    expect(called("npm")[0]).toMatch(/^ci /);
    // The same text with a new time is no change.
    utimesSync(join(root, "package-lock.json"), Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    await polyvisor(["list"]);
    expect(called("npm")).toHaveLength(1);
    writeFileSync(join(root, "package-lock.json"), "{ }");
    utimesSync(join(root, "package-lock.json"), Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    await polyvisor(["list"]);
    expect(called("npm")).toHaveLength(2);
  });
  it("does not let an old Node choose the libraries", async () => {
    rmSync(join(root, "node_modules"), { recursive: true });
    program("npm");
    const { status, out } = await polyvisor(["list"], { env: { SYSTEM_NODE: "18.19.0" } });
    expect(status).toBe(2);
    expect(out).toMatch(/on a Node older than 22/);
    expect(called("npm")).toEqual([]);
  });
  it("says that it may not write where it lies", async () => {
    rmSync(join(root, "node_modules"), { recursive: true });
    chmodSync(root, 0o555);
    const { status, out } = await polyvisor(["list"], { uid: isRoot ? 65_534 : undefined });
    chmodSync(root, 0o755);
    expect(status).toBe(2);
    expect(out).toMatch(/may not write there/);
  });
});

describe("up, and the data folder", () => {
  it("is refused where it is a file, and below one", async () => {
    writeFileSync(data, "");
    expect(await polyvisor(up)).toMatchObject({ status: 2, out: expect.stringMatching(/is not a folder/) });
    expect(await polyvisor([...up, "--data", join(data, "below")])).toMatchObject({
      status: 2,
      out: expect.stringMatching(/cannot be made.*data is not a folder/),
    });
  });
  it.runIf(isRoot)("is refused where it is another's", async () => {
    mkdirSync(data);
    chownSync(data, 65_534, 65_534);
    const { status, out } = await polyvisor(up);
    expect(status).toBe(2);
    expect(out).toMatch(/belongs to nobody, not to root/);
  });
  it("is refused where the disk is full", async () => {
    program("df", 'echo "Filesystem 1M-blocks Used Available Use% Mounted"; echo "/dev/a 1000 990 10 99% /"');
    const { status, out } = await polyvisor(up);
    expect(status).toBe(2);
    expect(out).toMatch(/is full: 10 MiB are free, and at least 200/);
  });
  it("passes over what an ended server left, also where its number is another's now", async () => {
    mkdirSync(data);
    writeFileSync(join(data, "server.json"), `{"url":"http://127.0.0.1:1","pid":${process.pid}}`);
    writeFileSync(join(data, "server.lock"), `${process.pid} 1 abc\n`);
    expect(await polyvisor(["status"])).toMatchObject({ status: 3 });
    expect(await polyvisor(up)).toMatchObject({ status: 0, out: expect.stringContaining("runs at http://127.0.0.1:8420") });
  });
});

describe("up", () => {
  it("starts once; a second one changes nothing, a third for another port is refused, down ends it", async () => {
    const first = await polyvisor(up);
    expect(first).toMatchObject({ status: 0, out: expect.stringContaining("Code ABCD") });
    const before = readFileSync(join(data, "server.json"), "utf8");
    const calls = called("node").length;
    expect(await polyvisor(up)).toMatchObject({ status: 0, out: expect.stringMatching(/runs at http:\/\/127\.0\.0\.1:8420 /) });
    expect(await polyvisor([...up, "--port", "8421"])).toMatchObject({ status: 2, out: expect.stringMatching(/runs already/) });
    expect(called("node")).toHaveLength(calls);
    expect(readFileSync(join(data, "server.json"), "utf8")).toBe(before);
    expect(await polyvisor(["down"])).toMatchObject({ status: 0, out: expect.stringMatching(/has stopped/) });
    expect(await polyvisor(["down"])).toMatchObject({ status: 0, out: expect.stringMatching(/does not run/) });
    expect(await polyvisor(["status"])).toMatchObject({ status: 3 });
  });
  it.runIf(isRoot)("starts a libvirtd again that was started by hand and died, also where the server runs on", async () => {
    const uid = 65_534;
    for (const each of ["virtlogd", "libvirtd"]) program(each, "exit 1");
    writeFileSync(join(folder, "called.libvirtd"), "");
    chmodSync(join(folder, "called.libvirtd"), 0o666);
    expect(await polyvisor(up, { uid })).toMatchObject({ status: 0 });
    expect(await polyvisor(up, { uid })).toMatchObject({ status: 0 });
    expect(readFileSync(join(folder, "called.libvirtd"), "utf8")).toBe("");
    const again = await polyvisor(["up", "--detach"], { uid });
    expect(again).toMatchObject({ status: 0, out: expect.stringMatching(/runs at http[^]*libvirtd does not start for this account/) });
    expect(readFileSync(join(folder, "called.libvirtd"), "utf8")).toBe("-d\n");
  });
  it("status says where to look when the server is not ready", async () => {
    await polyvisor(up);
    expect(await polyvisor(["status"])).toMatchObject({ status: 1, out: expect.stringMatching(/ready {3}no: its log says why/) });
  });
  it("keeps the terminal until it is interrupted, and stops the server then", async () => {
    const child = spawn(
      join(root, "polyvisor"),
      up.filter((each) => each !== "--detach"),
      {
        cwd: "/",
        stdio: ["ignore", "pipe", "inherit"],
        env: machine.env,
      },
    );
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await new Promise<void>((resolve) => child.stdout.on("data", (text: Buffer) => text.includes("Ctrl-C stops it") && resolve()));
    accessSync(join(data, "server.json"));
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(existsSync(join(data, "server.json"))).toBe(false);
  });
  it("says what the server said when it could not start", async () => {
    const { status, out } = await polyvisor(up, { env: { SERVER_SAYS: "Port 8420 is taken." } });
    expect(status).toBe(2);
    expect(out).toMatch(/^polyvisor: Port 8420 is taken\.$/m);
    expect(out).not.toMatch(/level/);
    const fault = await polyvisor(up, { env: { SERVER_SAYS: "a fault", SERVER_STATUS: "1" } });
    expect(fault).toMatchObject({ status: 2, out: expect.stringMatching(/ended at once \(status 1\)[^]*a fault/) });
  });
  it("keeps the database's URL out of the arguments", async () => {
    await polyvisor(up);
    expect(called("node").join("\n")).not.toContain("postgresql://");
  });
  it("is refused while another is at work", async () => {
    mkdirSync(data);
    const holder = spawn("flock", [join(data, "up.lock"), "sleep", "20"]);
    machine.endLater(holder.pid!);
    for (const end = Date.now() + 5000; Date.now() < end && !existsSync(join(data, "up.lock"));) await new Promise((resolve) => setTimeout(resolve, 20));
    let answer = await polyvisor(up);
    // flock(1) makes the file before it has the lock.
    if (answer.status === 0) answer = await polyvisor(up);
    expect(answer).toMatchObject({ status: 2, out: expect.stringMatching(/Another "polyvisor up"/) });
    holder.kill("SIGKILL");
  });
  it.each([
    [["up", "--port", "0"], /not a port/],
    [["up", "--port", "65536"], /not a port/],
    [["up", "--port"], /needs a value/],
    [["up", "--data="], /needs a value/],
    [["up", "--what"], /does not know "--what"/],
    [["down", "--port", "1"], /down does not know "--port"/],
    [["test", "all"], /does not know "all"/],
    [["check", "it"], /takes nothing/],
  ])("refuses %j", async (args, expected) => {
    const { status, out } = await polyvisor(args);
    expect(status).toBe(2);
    expect(out).toMatch(expected);
  });
});
