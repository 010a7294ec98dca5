import { actionSchema, type VmFacts } from "@polyvisor/model";
import { afterEach, describe, expect, it } from "vitest";
import type { Hypervisor } from "../hypervisor.ts";
import { simKind } from "./simKind.ts";
import { simWorld } from "./simWorld.ts";

const estate = "actions";
const MiB = 1024 ** 2;
const connect = (host = "host-0001"): Promise<Hypervisor> =>
  simKind.connect(new URL(`sim://${estate}/${host}?hosts=9&vms=4&seed=3`), { signal: new AbortController().signal, openTimeoutMs: 500, callTimeoutMs: 1000 });
const run = (hypervisor: Hypervisor, action: unknown) =>
  hypervisor.run(actionSchema.parse(action), { signal: new AbortController().signal, progress: () => {} });
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const vmOf = async (hypervisor: Hypervisor, vm: string): Promise<VmFacts> => (await hypervisor.inventory()).vms.find((each) => each.nativeId === vm)!;
const create = (hypervisor: Hypervisor, n: number, more: object = {}) =>
  run(hypervisor, { verb: "vm.create", vm: uuid(n), spec: { name: `vm${n}`, memory: 256 * MiB, nics: [{}], ...more } });
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
async function read(hypervisor: Hypervisor, datastore: string, volume: string): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of await hypervisor.readVolume(datastore, volume)) parts.push(part);
  return Buffer.concat(parts).toString("latin1");
}

afterEach(() => simWorld(estate).reset());

describe("a saved VM", () => {
  it("is resumed as it was, with the edits made meanwhile still to come", async () => {
    const hypervisor = await connect();
    await create(hypervisor, 1);
    await run(hypervisor, { verb: "vm.start", vm: uuid(1) });
    await run(hypervisor, { verb: "vm.setVcpus", vm: uuid(1), current: 2, max: 2, apply: "nextStart" });
    await run(hypervisor, { verb: "vm.save", vm: uuid(1), path: "/var/lib/sim/one.save" });
    await run(hypervisor, { verb: "vm.setMemory", vm: uuid(1), current: 512 * MiB, max: 512 * MiB, apply: "nextStart" });
    await expect(run(hypervisor, { verb: "vm.restore", vm: uuid(1), path: "/elsewhere" })).rejects.toMatchObject({ code: "notFound" });
    await run(hypervisor, { verb: "vm.restore", vm: uuid(1), path: "/var/lib/sim/one.save" });
    expect(await vmOf(hypervisor, uuid(1))).toMatchObject({
      state: "running",
      reason: "restored",
      memory: { max: 256 * MiB },
      vcpus: { max: 1 },
      pending: ["memory", "vcpus"],
    });
  });
});

describe("a running VM", () => {
  it("has addresses and interfaces of the host; one that is off has neither", async () => {
    const hypervisor = await connect();
    await create(hypervisor, 1);
    expect((await vmOf(hypervisor, uuid(1))).nics).toMatchObject([{ addresses: [], linkUp: true }]);
    await run(hypervisor, { verb: "vm.start", vm: uuid(1) });
    const [nic] = (await vmOf(hypervisor, uuid(1))).nics;
    expect(nic).toMatchObject({ addresses: [expect.stringMatching(/^10\.\d+\.\d+\.\d+$/)], hostInterface: expect.stringMatching(/^vnet\d+$/) });
    await run(hypervisor, { verb: "vm.destroy", vm: uuid(1) });
    expect((await vmOf(hypervisor, uuid(1))).nics[0]!.hostInterface).toBeUndefined();
  });

  it("is not started on a network or a datastore that is down", async () => {
    const hypervisor = await connect();
    await create(hypervisor, 1, { nics: [{ source: "lan" }] });
    await run(hypervisor, { verb: "network.stop", network: "lan" });
    await expect(run(hypervisor, { verb: "vm.start", vm: uuid(1) })).rejects.toMatchObject({
      code: "hypervisorFailed",
      detail: expect.stringContaining("lan"),
    });
  });

  it("has counters that begin anew with each start", async () => {
    const world = simWorld(estate);
    const hypervisor = await connect();
    world.freezeTime();
    await create(hypervisor, 1);
    await run(hypervisor, { verb: "vm.start", vm: uuid(1) });
    await world.advance(60_000);
    const sample = async () => (await hypervisor.samples()).vms.find((each) => each.nativeId === uuid(1));
    expect((await sample())!.cpuTimeNs).toBeGreaterThan(1e6);
    expect((await sample())!.diskReadBytes, "it has no disk").toBeUndefined();
    await run(hypervisor, { verb: "vm.pause", vm: uuid(1) });
    const paused = await sample();
    await world.advance(60_000);
    expect(await sample()).toEqual({ ...paused!, at: paused!.at + 60_000 });
    await run(hypervisor, { verb: "vm.destroy", vm: uuid(1) });
    expect(await sample()).toBeUndefined();
    await run(hypervisor, { verb: "vm.start", vm: uuid(1) });
    expect((await sample())!.cpuTimeNs).toBe(0);
  });
});

describe("snapshots", () => {
  it("bring disks and hardware back, and leave the parent current when they go", async () => {
    const hypervisor = await connect();
    await run(hypervisor, { verb: "volume.create", datastore: "local", volume: "data", capacity: 4, format: "raw" });
    await create(hypervisor, 1, { disks: [{ source: "local/data", format: "raw" }] });
    await hypervisor.writeVolume("local", "data", once(Buffer.from("old!")), 4);
    for (const name of ["a", "b"]) await run(hypervisor, { verb: "vm.snapshot", vm: uuid(1), name });
    await hypervisor.writeVolume("local", "data", once(Buffer.from("new!")), 4);
    await run(hypervisor, { verb: "vm.setVcpus", vm: uuid(1), current: 3, max: 3, apply: "nextStart" });
    await run(hypervisor, { verb: "vm.revert", vm: uuid(1), snapshot: "a" });
    expect(await read(hypervisor, "local", "data")).toBe("old!");
    expect((await vmOf(hypervisor, uuid(1))).vcpus.current).toBe(1);
    await run(hypervisor, { verb: "vm.revert", vm: uuid(1), snapshot: "b" });
    await run(hypervisor, { verb: "vm.deleteSnapshot", vm: uuid(1), snapshot: "b" });
    expect((await vmOf(hypervisor, uuid(1))).snapshots).toMatchObject([{ name: "a", current: true }]);
  });
});

describe("a volume that someone else uses", () => {
  it("is not deleted, with a VM or alone", async () => {
    const hypervisor = await connect();
    await run(hypervisor, { verb: "volume.create", datastore: "local", volume: "shared", capacity: MiB, format: "raw" });
    for (const n of [1, 2]) await create(hypervisor, n, { disks: [{ source: "local/shared", format: "raw", shareable: true }] });
    await expect(run(hypervisor, { verb: "vm.delete", vm: uuid(1), volumes: ["/var/lib/sim/images/shared"] })).rejects.toMatchObject({
      code: "inUse",
      detail: expect.stringContaining("vm2"),
    });
    expect(await vmOf(hypervisor, uuid(1))).toBeDefined();
    await run(hypervisor, { verb: "vm.start", vm: uuid(2) });
    await expect(run(hypervisor, { verb: "volume.delete", datastore: "local", volume: "shared" })).rejects.toMatchObject({ code: "inUse" });
    await expect(run(hypervisor, { verb: "datastore.stop", datastore: "local" })).rejects.toMatchObject({ code: "inUse" });
  });
});

describe("a migration", () => {
  it("is refused for what stands in its way, and says what", async () => {
    const hypervisor = await connect();
    await create(hypervisor, 1, { disks: [{ size: MiB, datastore: "local" }] });
    const migrate = (more: object) => run(hypervisor, { verb: "vm.migrate", vm: uuid(1), to: "host-0002", live: false, ...more });
    await expect(migrate({})).rejects.toMatchObject({ code: "hypervisorFailed", remedy: expect.stringContaining("copied") });
    await expect(migrate({ live: true })).rejects.toMatchObject({ code: "wrongState" });
    await expect(migrate({ to: "host-0001" })).rejects.toMatchObject({ code: "badRequest" });
    await expect(migrate({ to: "qemu:///system" })).rejects.toMatchObject({ code: "notSupported" });
    await expect(migrate({ to: "sim://elsewhere/host-0001" })).rejects.toMatchObject({ code: "notSupported" });
    await expect(migrate({ to: `sim://${estate}/host-0042?hosts=9` })).rejects.toMatchObject({ code: "badUri" });
    simWorld(estate).host("host-0002").kill();
    await expect(migrate({ copyStorage: true })).rejects.toMatchObject({ code: "hypervisorFailed", detail: expect.stringContaining("cannot reach") });
    expect(simWorld(estate).hostOf(uuid(1))).toBe("host-0001");
  });

  it("copies what the hosts do not share, and does not make the VM twice", async () => {
    const [here, there] = [await connect(), await connect("host-0002")];
    await create(here, 1, { disks: [{ size: 4, datastore: "local", volume: "own", format: "raw" }].map((disk) => ({ ...disk, size: 512 })) });
    await here.writeVolume("local", "own", once(Buffer.from("bytes".padEnd(512))), 512);
    const action = { verb: "vm.migrate", vm: uuid(1), to: "host-0002", live: false, copyStorage: true };
    await run(here, action);
    expect((await read(there, "local", "own")).trim()).toBe("bytes");
    expect(await here.observe(actionSchema.parse(action))).toBe("done");
    expect(await run(here, action)).toMatchObject({ already: true });
    await expect(create(here, 1)).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("a datastore whose definition was deleted", () => {
  it("has its data when it is defined again", async () => {
    const hypervisor = await connect();
    const define = { verb: "datastore.create", name: "extra", type: "dir", path: "/srv/extra" };
    await run(hypervisor, define);
    await run(hypervisor, { verb: "volume.create", datastore: "extra", volume: "kept", capacity: 4, format: "raw" });
    await hypervisor.writeVolume("extra", "kept", once(Buffer.from("data")), 4);
    await expect(run(hypervisor, { verb: "datastore.delete", datastore: "extra" })).rejects.toMatchObject({ code: "inUse" });
    await run(hypervisor, { verb: "datastore.stop", datastore: "extra" });
    await run(hypervisor, { verb: "datastore.delete", datastore: "extra" });
    await run(hypervisor, define);
    expect(await read(hypervisor, "extra", "kept")).toBe("data");
  });
});
