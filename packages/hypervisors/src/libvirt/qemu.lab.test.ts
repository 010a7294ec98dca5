import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { conformance } from "../conformance/index.ts";
import { labGuest } from "./fixtures/labGuest.ts";
import { libvirtKind } from "./libvirtKind.ts";
import { takeTurnsAtSystemDaemon } from "../../../../tests/lab/systemDaemon.ts";

const MiB = 1024 ** 2;
const folder = mkdtempSync(join(tmpdir(), "polyvisor-qemu-"));
let guest: ReturnType<typeof labGuest>;
const virsh = (...args: string[]): string =>
  execFileSync("virsh", ["-q", "-c", "qemu:///system", ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const quietly = (...args: string[]): void => {
  try {
    virsh(...args);
  } catch {
    // It is gone already.
  }
};
const pool = `polyvisor-lab-${process.pid}`;

takeTurnsAtSystemDaemon();
beforeAll(() => {
  // QEMU runs as an account of its own and must reach the files.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "pool"), { mode: 0o755 });
  guest = labGuest();
  virsh("pool-create-as", pool, "dir", "--target", join(folder, "pool"));
  virsh("net-create", networkFile());
});
afterAll(() => {
  quietly("pool-destroy", pool);
  quietly("net-destroy", pool);
  rmSync(folder, { recursive: true, force: true });
});

conformance("QEMU behind libvirt", {
  connect: async () => ({
    hypervisor: await libvirtKind.connect(new URL("qemu:///system"), { signal: new AbortController().signal, openTimeoutMs: 10_000, callTimeoutMs: 60_000 }),
  }),
  spec: (name) => ({
    name,
    memory: 192 * MiB,
    disks: [{ size: MiB, datastore: pool }],
    nics: [{ source: pool }],
    boot: { kernel: guest.kernel, initramfs: guest.initramfs, cmdline: "console=ttyS0 quiet" },
  }),
  datastore: pool,
  newDatastorePath: join(folder, "made"),
  network: pool,
  console: { send: "echo hello $((40 + 2))\n", expect: "hello 42" },
  cannot: { "vm.rename": { reason: "libvirt renames no domain that is active or has saved memory", in: ["running", "paused", "saved"] } },
  force: { suspended: sleep },
  patienceMs: 60_000,
});

/** Has the guest put itself to sleep, by its agent: asked until it is there. */
async function sleep(vm: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; ;) {
    try {
      virsh("dompmsuspend", vm, "mem");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 250);
      });
    }
  }
}

function networkFile(): string {
  const file = join(folder, "network.xml");
  writeFileSync(file, `<network><name>${pool}</name><bridge name='pv${process.pid % 100_000}'/></network>`);
  return file;
}
