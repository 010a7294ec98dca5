import { conformance, type ConformanceTarget } from "../conformance/index.ts";
import { simKind } from "./simKind.ts";
import { simWorld, type GuestEvent } from "./simWorld.ts";

const MiB = 1024 ** 2;

/** A simulated host as a target; `more` are parameters of its URI. */
function targetOf(estate: string, more = ""): ConformanceTarget {
  const uri = (host: string): string => `sim://${estate}/${host}?hosts=2&vms=5&seed=11${more}`;
  const connect = async (host: string) => ({
    hypervisor: await simKind.connect(new URL(uri(host)), { signal: new AbortController().signal, openTimeoutMs: 1000, callTimeoutMs: 5000 }),
  });
  const guest = (event: GuestEvent) => async (vm: string) => simWorld(estate).host("host-0001").guest(vm, event);
  return {
    connect: () => connect("host-0001"),
    cleanUp: async () => simWorld(estate).reset(),
    spec: (name) => ({ name, memory: 256 * MiB, disks: [{ size: 64 * MiB, datastore: "shared-01" }], nics: [{}] }),
    datastore: "local",
    newDatastorePath: "/srv/conformance",
    network: "storage",
    spareNetwork: "lan",
    console: { send: "echo hello there\r", expect: "\r\nhello there\r\n" },
    migrateTo: { to: uri("host-0002"), connect: () => connect("host-0002") },
    force: { crashed: guest("crash"), suspended: guest("sleep"), shuttingDown: guest("hangInShutdown") },
    patienceMs: 3000,
  };
}

conformance("sim", targetOf("conformance"));
conformance("sim, at its own pace and with a queue of four changes", targetOf("conformance-slow", "&pace=0.004&queue=4"));
conformance(
  "sim without much",
  targetOf(
    "conformance-poor",
    "&without=vm.pause,vm.save,vm.snapshot,vm.migrate.live,vm.console.serial,vm.disk.hotplug,volume.transfer,network.manage,vm.screenshot,vm.rename,vm.define",
  ),
);
