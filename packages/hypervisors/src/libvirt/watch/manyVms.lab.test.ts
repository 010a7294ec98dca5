import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { connect, type Connection } from "@polyvisor/protocol-libvirt";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PrivateLibvirtd } from "../../../../../tests/lab/privateLibvirtd.ts";
import { Follower } from "../../conformance/follower.ts";
import type { Hypervisor } from "../../hypervisor.ts";
import { libvirtKind } from "../libvirtKind.ts";

const run = promisify(execFile);
const many = 5_000;
const last = `vm-${many - 1}`;
const patience = { timeout: 60_000, interval: 5 };
let daemon: PrivateLibvirtd;
let keeper: Connection;
let hypervisor: Hypervisor;
let follower: Follower;
const virsh = (...args: string[]): Promise<unknown> => run("virsh", ["-q", "-c", `test+unix:///default?socket=${daemon.socket}`, ...args]);
const pending = (): readonly string[] => [...follower.vms.values()].find((vm) => vm.name === last)!.pending;

beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
  // The test driver forgets everything with its last connection.
  keeper = await connect(`test+unix:///default?socket=${daemon.socket}`, { callTimeoutMs: 60_000 });
  await Promise.all(
    Array.from({ length: many }, async (_, n) => {
      const xml = `<domain type='test'><name>vm-${n}</name><memory unit='MiB'>512</memory><vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os></domain>`;
      const { dom } = await keeper.call.domainDefineXml({ xml });
      await keeper.call.domainCreate({ dom });
    }),
  );
  const uri = new URL(`test:///default?socket=${daemon.socket}`);
  hypervisor = await libvirtKind.connect(uri, { signal: new AbortController().signal, openTimeoutMs: 60_000, callTimeoutMs: 60_000 });
  follower = new Follower(hypervisor);
  await vi.waitFor(() => expect(follower.vms.size).toBe(many + 1), patience);
});
afterAll(async () => {
  await follower?.stop();
  await hypervisor?.close();
  await keeper?.close();
  await daemon?.[Symbol.asyncDispose]();
});

// The figure is 5 s. How long it took is printed and not asserted, for it is the machine's too.
it.each<[string, string[]]>([
  ["memory", ["setmem", last, "262144", "--config"]],
  ["vcpus", ["setvcpus", last, "1", "--config"]],
])("an edit of the last of many VMs at rest is told soon, though it has no event: %s", async (field, command) => {
  expect(pending()).not.toContain(field);
  await virsh(...command);
  const began = performance.now();
  await vi.waitFor(() => expect(pending()).toContain(field), patience);
  process.stdout.write(`${many} VMs: ${command[0]} seen after ${Math.round(performance.now() - began)} ms\n`);
});
