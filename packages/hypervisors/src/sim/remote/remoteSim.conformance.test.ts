import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PolyvisorError } from "@polyvisor/model";
import { expect, it } from "vitest";
import { conformance } from "../../conformance/index.ts";
import { simWorld, type GuestEvent } from "../simWorld.ts";
import { remoteSimKind } from "./remoteSim.ts";
import { serveSim, type ServedSim } from "./serveSim.ts";

const MiB = 1024 ** 2;
const folder = await mkdtemp(path.join(tmpdir(), "pv-remote-sim-"));
const socket = path.join(folder, "hosts.sock");
const estate = "conformance-remote";
let served: ServedSim | undefined;
const uri = (host: string): string => `sim+unix://${estate}/${host}?socket=${encodeURIComponent(socket)}&hosts=2&vms=5&seed=11&queue=4`;
const connect = async (host: string) => ({
  hypervisor: await remoteSimKind.connect(new URL(uri(host)), { signal: new AbortController().signal, openTimeoutMs: 1000, callTimeoutMs: 5000 }),
});
const guest = (event: GuestEvent) => async (vm: string) => simWorld(estate).host("host-0001").guest(vm, event);

conformance("sim, over a socket", {
  connect: () => connect("host-0001"),
  prepare: async () => void (served = await serveSim(socket)),
  cleanUp: async () => {
    await served?.close();
    simWorld(estate).reset();
    await rm(folder, { recursive: true });
  },
  spec: (name) => ({ name, memory: 256 * MiB, disks: [{ size: 64 * MiB, datastore: "shared-01" }], nics: [{}] }),
  datastore: "local",
  newDatastorePath: "/srv/conformance",
  network: "storage",
  spareNetwork: "lan",
  migrateTo: { to: uri("host-0002"), connect: () => connect("host-0002") },
  force: { crashed: guest("crash"), suspended: guest("sleep"), shuttingDown: guest("hangInShutdown") },
  patienceMs: 3000,
});

it("is told as refused where nobody serves the socket", async () => {
  const failure = await remoteSimKind
    .connect(new URL(`sim+unix://x/host-0001?socket=${encodeURIComponent(path.join(tmpdir(), "pv-no-such-socket"))}`), {
      signal: new AbortController().signal,
      openTimeoutMs: 1000,
      callTimeoutMs: 1000,
    })
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PolyvisorError);
  expect((failure as PolyvisorError).code).toBe("hostRefused");
});

it("hears the last of many changes, whatever it is told in place of those between", async () => {
  const many = path.join(tmpdir(), `pv-remote-sim-${process.pid}.sock`);
  const own = await serveSim(many);
  const one = await remoteSimKind.connect(new URL(`sim+unix://remote-many/host-0001?socket=${encodeURIComponent(many)}&vms=1&queue=8`), {
    signal: new AbortController().signal,
    openTimeoutMs: 1000,
    callTimeoutMs: 5000,
  });
  try {
    const host = simWorld("remote-many").host("host-0001");
    const [vm] = host.vms();
    const stop = new AbortController();
    const reading = (async () => {
      let told = 0;
      for await (const change of one.changes(stop.signal)) {
        told++;
        const title =
          change.type === "inventory" ? change.inventory.vms[0]!.title : change.type === "upsert" && change.kind === "vm" ? change.facts.title : undefined;
        if (title === "1000") return told;
      }
      return 0;
    })();
    for (let n = 1; n <= 1000; n++) await host.outside({ verb: "vm.describe", vm: vm!, title: String(n) });
    expect(await reading).toBeGreaterThan(0);
    stop.abort();
  } finally {
    await one.close();
    await own.close();
  }
});
