import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import { conformance } from "../conformance/index.ts";
import type { ConformanceTarget } from "../conformance/index.ts";
import { labGuest } from "./fixtures/labGuest.ts";
import { libvirtKind } from "./libvirtKind.ts";

const MiB = 1024 ** 2;
const daemons: PrivateLibvirtd[] = [];
let guest: ReturnType<typeof labGuest>;

/** Two hosts on one machine: libvirt moves nothing to where it is, and knows a machine by its UUID. */
async function host(n: number): Promise<PrivateLibvirtd> {
  const daemon = await PrivateLibvirtd.start({ conf: { host_uuid: randomUUID() } });
  daemons.push(daemon);
  const ports = 49_152 + 20 * n;
  daemon.file(
    "config/libvirt/qemu.conf",
    `stdio_handler = "file"\nmigration_address = "0.0.0.0"\nmigration_port_min = ${ports}\nmigration_port_max = ${ports + 19}\n`,
  );
  await daemon.signal("SIGTERM");
  await daemon.run();
  return daemon;
}

beforeAll(async () => {
  guest = labGuest();
  await host(0);
  await host(1);
});
afterAll(async () => {
  for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
});

const uri = (n: number): string => `qemu+unix:///session?socket=${daemons[n]!.socket}`;
const connect = async (n: number) => ({
  hypervisor: await libvirtKind.connect(new URL(uri(n)), { signal: new AbortController().signal, openTimeoutMs: 10_000, callTimeoutMs: 30_000 }),
});

const target: ConformanceTarget = {
  connect: () => connect(0),
  // An agent's socket would have a path longer than a Unix socket may, under this temporary folder.
  spec: (name) => ({
    name,
    memory: 128 * MiB,
    acceleration: "emulated",
    guestAgent: false,
    boot: { kernel: guest.kernel, initramfs: guest.initramfs, cmdline: "console=ttyS0 quiet" },
    nics: [{ kind: "user" }],
  }),
  get migrateTo() {
    return { to: uri(1), connect: () => connect(1) };
  },
  patienceMs: 60_000,
};

conformance("QEMU on two hosts of an account", target, ["inventory", "making", "samples", "migration", "refusals", "ending"]);
