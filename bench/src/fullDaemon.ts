import { connect, type Connection } from "@polyvisor/protocol-libvirt";
import { PrivateLibvirtd } from "../../tests/lab/privateLibvirtd.ts";

/** One running domain of libvirt's test driver, with a disk and a NIC as most have. */
const domainXml = (n: number): string => {
  const mac = [n >> 16, n >> 8, n].map((part) => (part & 255).toString(16).padStart(2, "0")).join(":");
  return `<domain type='test'><name>bench-${String(n).padStart(5, "0")}</name><memory unit='MiB'>512</memory><vcpu>2</vcpu>
  <os><type arch='x86_64'>hvm</type></os><devices>
  <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/images/bench-${n}.qcow2'/><target dev='vda' bus='virtio'/></disk>
  <interface type='network'><mac address='52:54:00:${mac}'/><source network='default'/><model type='virtio'/></interface></devices></domain>`;
};

/** A libvirtd of our own whose test driver holds `count` running domains for as long as this is kept. */
export async function fullDaemon(count: number): Promise<{ uri: string; socket: string; keeper: Connection; stop(): Promise<void> }> {
  const daemon = await PrivateLibvirtd.start();
  const uri = `test+unix:///default?socket=${daemon.socket}`;
  // The test driver forgets everything with its last connection, so one is kept.
  const keeper = await connect(uri, { callTimeoutMs: 120_000 });
  await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const { dom } = await keeper.call.domainDefineXml({ xml: domainXml(n) });
      await keeper.call.domainCreate({ dom });
    }),
  );
  return {
    uri,
    socket: daemon.socket,
    keeper,
    stop: async () => {
      await keeper.close();
      await daemon[Symbol.asyncDispose]();
    },
  };
}
