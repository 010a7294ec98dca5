import { afterAll, beforeAll } from "vitest";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import { conformance } from "../conformance/index.ts";
import type { ConformanceTarget } from "../conformance/index.ts";
import { libvirtKind } from "./libvirtKind.ts";

const MiB = 1024 ** 2;
const daemons: PrivateLibvirtd[] = [];
// libvirt's test driver keeps its world for as long as anyone is connected; the two daemons are two hosts.
const uri = (n: number): string => `test:///default?socket=${daemons[n]!.socket}`;
const connect = async (n: number) => ({
  hypervisor: await libvirtKind.connect(new URL(uri(n)), { signal: new AbortController().signal, openTimeoutMs: 10_000, callTimeoutMs: 30_000 }),
});
const held: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  daemons.push(...(await Promise.all([PrivateLibvirtd.start(), PrivateLibvirtd.start()])));
  held.push((await connect(1)).hypervisor);
});
afterAll(async () => {
  for (const each of held) await each.close();
  for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
});

const target: ConformanceTarget = {
  connect: () => connect(0),
  spec: (name) => ({ name, memory: 128 * MiB, disks: [{ size: MiB, datastore: "default-pool" }], nics: [{ source: "default" }] }),
  datastore: "default-pool",
  newDatastorePath: "/conformance-pool",
  network: "default",
  spareNetwork: "default",
  boundless: true,
  cannot: {
    "vm.rename": { reason: "libvirt renames no active domain", in: ["running", "paused"] },
    "volume.resize": { reason: "the test driver has no resize" },
  },
  get migrateTo() {
    return { to: uri(1), connect: () => connect(1) };
  },
};

conformance("libvirt's test driver", target);
