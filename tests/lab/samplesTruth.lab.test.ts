import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { vmLoad, type VmSample } from "@polyvisor/model";
import { connectHypervisor, type Hypervisor } from "@polyvisor/hypervisors";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../apps/server/src/lab/until.ts";
import { PrivateLibvirtd } from "./privateLibvirtd.ts";

// What Polyvisor measures of a real QEMU guest under a known load, beside what virsh, the kernel of the host (of the
// QEMU process) and the guest itself say of the same time. The errors that are allowed stand in docs/guide/metrics.md.

const run = promisify(execFile);
const MiB = 1024 ** 2;
const diskMiB = 48;
let daemon: PrivateLibvirtd;
let hypervisor: Hypervisor;
let terminal: Terminal;
let pid: number;

/** The guest's serial console, over a socket. */
class Terminal {
  #text = "";
  readonly #socket: Socket;
  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.on("data", (data) => (this.#text += data.toString("latin1")));
    this.#socket.on("error", () => undefined);
  }
  /** Types a command and gives what it printed. */
  async ask(command: string, seconds = 120): Promise<string> {
    const mark = `mark${Math.trunc(performance.now() * 1000)}`;
    this.#text = "";
    this.#socket.write(`${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\n`);
    return until(`an answer to ${command}: ${this.#text}`, () => this.#text.includes(`\n${mark}`) && this.#text.split(`\n${mark}`)[0]!, seconds * 1000);
  }
  async prompt(): Promise<void> {
    await until(
      "a prompt",
      () => {
        if (this.#text.includes("# ")) return true;
        this.#socket.write("\n");
        return false;
      },
      120_000,
    );
  }
  close(): void {
    this.#socket.destroy();
  }
}

beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
  // Built once a machine; QEMU runs as an account of its own and must reach the files.
  const guest = join(tmpdir(), "polyvisor-lab-micro");
  mkdirSync(guest, { recursive: true });
  chmodSync(guest, 0o755);
  await run(resolve("apps/server/recipes/micro/build.sh"), [guest], { timeout: 170_000 });
  const disk = join(daemon.folder, "truth.img");
  writeFileSync(disk, Buffer.alloc(diskMiB * MiB, 0x5a));
  if (process.getuid?.() === 0) chownSync(disk, 65_534, 65_534);
  chmodSync(disk, 0o600);
  const socket = join(daemon.folder, "run/console");
  const xml = daemon.file(
    "truth.xml",
    `<domain type='qemu'><name>truth</name><memory unit='MiB'>192</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${guest}/vmlinuz</kernel><initrd>${guest}/initramfs.cpio.gz</initrd><cmdline>console=ttyS0 quiet</cmdline></os>
    <features><acpi/></features><devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
    <serial type='unix'><source mode='bind' path='${socket}'/></serial>
    <memballoon model='virtio'><stats period='1'/></memballoon></devices></domain>`,
  );
  await virsh("create", xml);
  terminal = new Terminal(socket);
  await terminal.prompt();
  hypervisor = await connectHypervisor(uri(), { signal: new AbortController().signal, openTimeoutMs: 10_000, callTimeoutMs: 60_000 });
  pid = Number(
    readdirSync("/proc").find((entry) => {
      try {
        const line = readFileSync(`/proc/${entry}/cmdline`, "utf8");
        return /^\d+$/.test(entry) && line.includes("guest=truth") && line.includes(daemon.folder);
      } catch {
        return false;
      }
    }),
  );
}, 240_000);
afterAll(async () => {
  terminal?.close();
  await hypervisor?.close();
  await daemon?.[Symbol.asyncDispose]();
});

const uri = (): string => `qemu+unix:///session?socket=${encodeURIComponent(daemon.socket)}`;
const virsh = async (...args: string[]): Promise<string> => (await run("virsh", ["-q", "-c", uri(), ...args], { timeout: 60_000 })).stdout;
async function domstats(): Promise<Record<string, number>> {
  const lines = (await virsh("domstats", "truth")).split("\n");
  return Object.fromEntries(
    lines.flatMap((line) => (/^\s*([\w.-]+)=(\d+)$/.exec(line) ?? []).slice(1, 3)).flatMap((each, i, all) => (i % 2 === 0 ? [[each, Number(all[i + 1])]] : [])),
  );
}
const sample = async (): Promise<VmSample> => (await hypervisor.samples()).vms.find((vm) => vm.disks === "vda")!;

interface Moment {
  ours: VmSample;
  virsh: Record<string, number>;
  /** Seconds of processor time of the QEMU process, and its resident bytes. */
  process: { cpu: number; resident: number };
  /** Seconds that the guest's own processor was busy; sectors, operations and milliseconds of reading; bytes. */
  guest: { busy: number; reads: number; readBytes: number; readMs: number; used: number; available: number };
}
async function moment(): Promise<Moment> {
  const told = await terminal.ask("head -1 /proc/stat; cat /sys/block/vda/stat; grep -E '^Mem(Total|Available)' /proc/meminfo");
  const [ours, virshTold] = await Promise.all([sample(), domstats()]);
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ")
    .map(Number);
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
  const [user, nice, system, , , irq, softIrq] = /cpu\s+([\d ]+)/.exec(told)![1]!.trim().split(/\s+/).map(Number);
  const block = /\n\s*(\d+)\s+\d+\s+(\d+)\s+(\d+)\s/.exec(told)!.slice(1).map(Number);
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(told)![1]) * 1024;
  return {
    ours,
    virsh: virshTold,
    process: { cpu: (stat[11]! + stat[12]!) / 100, resident },
    guest: {
      busy: (user! + nice! + system! + irq! + softIrq!) / 100,
      reads: block[0]!,
      readBytes: block[1]! * 512,
      readMs: block[2]!,
      used: kib("MemTotal") - kib("MemAvailable"),
      available: kib("MemAvailable"),
    },
  };
}

const rows: string[] = [];
function print(): void {
  process.stdout.write(
    `\nmeasured              Polyvisor           against                                 they say            off       allowed\n${rows.join("\n")}\n`,
  );
}
/** Notes a line of the table, and holds the difference to what is stated. */
function compare(what: string, ours: number, who: string, theirs: number, unit: string, share: number, absolute: number): void {
  const off = Math.abs(ours - theirs);
  const most = Math.max(Math.abs(theirs) * share, absolute);
  rows.push(
    [what, `${ours.toFixed(3)} ${unit}`, who, `${theirs.toFixed(3)} ${unit}`, off.toFixed(3), `<= ${most.toFixed(3)}`]
      .map((cell, i) => cell.padEnd([22, 20, 40, 20, 10, 12][i]!))
      .join(""),
  );
  if (off > most) print();
  expect(off, `${what} against ${who}`).toBeLessThanOrEqual(most);
}

it("agrees with virsh, the host's kernel and the guest, within the errors that are stated", { timeout: 300_000 }, async () => {
  // A known load: the processor of the guest counts, then its disk is read as a whole past its cache.
  const idle = await moment();
  await terminal.ask("i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done");
  const counted = await moment();
  await terminal.ask("dd if=/dev/vda of=/dev/null bs=64k iflag=direct || { echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda of=/dev/null bs=64k; }");
  const read = await moment();

  const cpu = vmLoad(idle.ours, counted.ours)!;
  const seconds = cpu.cpu! * cpu.seconds;
  compare("CPU time", seconds, "virsh domstats cpu.time", (counted.virsh["cpu.time"]! - idle.virsh["cpu.time"]!) / 1e9, "s", 0.03, 0.3);
  compare("CPU time", seconds, "/proc/PID/stat of QEMU", counted.process.cpu - idle.process.cpu, "s", 0.03, 0.3);
  const waited = (cpu.cpuWait ?? 0) * cpu.seconds;
  // An emulated guest is not told when its vCPU has to wait: it takes a part of that for work, and misses the ticks of the
  // rest. So its own word lies between the time it had and that with the wait; on a host with room all three are one.
  const busy = counted.guest.busy - idle.guest.busy;
  rows.push(
    `${"CPU time, with wait".padEnd(22)}${`${seconds.toFixed(1)} to ${(seconds + waited).toFixed(1)} s`.padEnd(20)}${"the guest's /proc/stat (busy)".padEnd(40)}${`${busy.toFixed(3)} s`.padEnd(20)}between`,
  );
  expect(busy).toBeGreaterThanOrEqual(seconds * 0.9 - 0.5);
  expect(busy).toBeLessThanOrEqual((seconds + waited) * 1.1 + 0.5);
  expect(cpu.cpuUse).toBeCloseTo(cpu.cpu! * 100, 6); // one vCPU
  if (counted.ours.cpuWaitNs !== undefined)
    compare(
      "CPU wait",
      waited,
      "virsh domstats vcpu.0.delay",
      ((counted.virsh["vcpu.0.delay"] ?? NaN) - (idle.virsh["vcpu.0.delay"] ?? NaN)) / 1e9,
      "s",
      0.1,
      0.3,
    );

  const disk = vmLoad(counted.ours, read.ours)!;
  const bytes = (disk.diskReadBytesPerSecond! * disk.seconds) / MiB;
  compare("disk read", bytes, "virsh domstats block.0.rd.bytes", (read.virsh["block.0.rd.bytes"]! - counted.virsh["block.0.rd.bytes"]!) / MiB, "MiB", 0, 0.001);
  compare("disk read", bytes, "the load: the whole disk", diskMiB, "MiB", 0.01, 0.1);
  compare("disk read", bytes, "the guest's /sys/block/vda/stat", (read.guest.readBytes - counted.guest.readBytes) / MiB, "MiB", 0.01, 0.1);
  const operations = disk.diskReadsPerSecond! * disk.seconds;
  compare("read operations", operations, "virsh domstats block.0.rd.reqs", read.virsh["block.0.rd.reqs"]! - counted.virsh["block.0.rd.reqs"]!, "", 0, 0.001);
  // QEMU may merge what the guest asked apart.
  compare("read operations", operations, "the guest's /sys/block/vda/stat", read.guest.reads - counted.guest.reads, "", 0.05, 2);
  const guestLatency = (read.guest.readMs - counted.guest.readMs) / (read.guest.reads - counted.guest.reads);
  const latency = disk.diskReadLatency! * 1000;
  rows.push(
    `${"time of a read".padEnd(22)}${`${latency.toFixed(3)} ms`.padEnd(20)}${"the guest, its queue included".padEnd(40)}${`${guestLatency.toFixed(3)} ms`.padEnd(20)}`,
  );
  expect(latency).toBeGreaterThan(0);
  expect(latency).toBeLessThan(guestLatency + 1.1); // the guest counts whole milliseconds, and more of the way

  // The balloon's figures are up to a period old: they are asked for until they are those of now.
  const calm = await until("the guest's balloon tells what its kernel does", async () => {
    const now = await moment();
    return Math.abs(now.ours.memoryUsed! - now.guest.used) <= 0.03 * 192 * MiB ? now : undefined;
  });
  compare("memory used", calm.ours.memoryUsed! / MiB, "the guest's /proc/meminfo", calm.guest.used / MiB, "MiB", 0, 0.03 * 192);
  compare("memory available", calm.ours.memoryAvailable! / MiB, "the guest's /proc/meminfo", calm.guest.available / MiB, "MiB", 0, 0.03 * 192);
  compare("memory resident", calm.ours.memoryResident! / MiB, "VmRSS of QEMU", calm.process.resident / MiB, "MiB", 0.03, 4);
  compare("memory granted", calm.ours.memoryGranted! / MiB, "virsh domstats balloon.current", calm.virsh["balloon.current"]! / 1024, "MiB", 0, 0.001);
  print();
});

it("a guest that is paused is idle, by the hypervisor's word; one that is off has no sample", { timeout: 120_000 }, async () => {
  await virsh("suspend", "truth");
  const before = await sample();
  const after = await until("time to pass", async () => {
    const now = await sample();
    return now.at - before.at > 1_000 ? now : undefined;
  });
  expect(vmLoad(before, after)!.cpu).toBeLessThan(0.2); // QEMU itself goes on
  await virsh("destroy", "truth");
  expect((await hypervisor.samples()).vms.filter((vm) => vm.disks === "vda")).toEqual([]);
});
