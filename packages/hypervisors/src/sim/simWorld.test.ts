import { featureNames } from "@polyvisor/model";
import { afterEach, describe, expect, it } from "vitest";
import type { Hypervisor } from "../hypervisor.ts";
import { ordered } from "../conformance/follower.ts";
import { simKind } from "./simKind.ts";
import { simUris } from "./simUri.ts";
import { simWorld, worldOf } from "./simWorld.ts";

const options = { signal: new AbortController().signal, openTimeoutMs: 1000, callTimeoutMs: 1000 };
const connect = (uri: string): Promise<Hypervisor> => simKind.connect(new URL(uri), options);
const estates = new Set<string>();
const estate = (name: string): string => (estates.add(name), name);

afterEach(() => {
  for (const name of estates) simWorld(name).reset();
  estates.clear();
});

describe("an estate", () => {
  it("is the same for the same URI, wherever and whenever it is made", async () => {
    const uri = `sim://${estate("same")}/host-0002?hosts=3&vms=20&seed=9`;
    const look = async (): Promise<string> => {
      const text = JSON.stringify(ordered(await (await connect(uri)).inventory()));
      simWorld("same").reset();
      return text;
    };
    const first = await look();
    expect(await look()).toBe(first);
    // Also when another host was there before it.
    await connect(uri.replace("host-0002", "host-0003"));
    expect(await look()).toBe(first);
  });

  it("differs by its seed and by its name", async () => {
    const macs = async (uri: string): Promise<string> => JSON.stringify((await (await connect(uri)).inventory()).vms.map((vm) => [vm.nativeId, vm.nics]));
    const a = await macs(`sim://${estate("one")}/host-0001?seed=1`);
    expect(await macs(`sim://${estate("two")}/host-0001?seed=1`)).not.toBe(a);
    simWorld("one").reset();
    expect(await macs("sim://one/host-0001?seed=2")).not.toBe(a);
  });

  it("of 1,000 hosts and 25,000 VMs has each VM once, a name that tells its place, and nothing that ticks", async () => {
    const hosts = await Promise.all(simUris({ estate: estate("big"), hosts: 1000, vmsPerHost: 25, seed: 7 }).map(connect));
    const uuids = new Set<string>();
    const names = new Set<string>();
    const states = new Set<string>();
    const models = new Set<string>();
    for (const hypervisor of hosts) {
      const inventory = await hypervisor.inventory();
      models.add(inventory.host.cpu.model);
      let used = 0;
      for (const vm of inventory.vms) {
        uuids.add(vm.nativeId);
        names.add(vm.name);
        states.add(vm.state);
        if (vm.state !== "off" && vm.state !== "saved" && vm.state !== "crashed") used += vm.memory.current;
      }
      expect(used).toBeLessThan(inventory.host.memory);
    }
    expect([uuids.size, names.size]).toEqual([25_000, 25_000]);
    expect(names.has("vm-000001") && names.has("vm-025000")).toBe(true);
    expect((await hosts[2]!.inventory()).vms.map((vm) => vm.name)).toContain("vm-000051");
    expect([...states].sort()).toEqual(["blocked", "crashed", "off", "paused", "running", "saved", "suspended"]);
    expect(models.size).toBeGreaterThan(3);
    expect(worldOf("big").schedule.size).toBe(0);
    expect(worldOf("big").vmCount).toBe(25_000);
  });

  it("shares a datastore among the eight hosts of a cluster, and no more", async () => {
    const [one, eight, nine] = await Promise.all(
      ["host-0001", "host-0008", "host-0009"].map((host) => connect(`sim://${estate("clusters")}/${host}?hosts=9&vms=10`)),
    );
    const shared = async (hypervisor: Hypervisor) => (await hypervisor.inventory()).datastores.find((each) => each.type === "netfs")!;
    const [a, b, c] = await Promise.all([one!, eight!, nine!].map(shared));
    expect(a!.volumes).toEqual(b!.volumes);
    expect(a!.nativeId).not.toBe(b!.nativeId);
    expect(c!.name).not.toBe(a!.name);
    expect(a!.volumes.length).toBeGreaterThan(10);
  });

  it("keeps its changes when everyone disconnects", async () => {
    const uri = `sim://${estate("kept")}/host-0001?vms=3`;
    const first = await connect(uri);
    const { nativeId } = (await first.inventory()).vms[0]!;
    await first.run({ verb: "vm.describe", vm: nativeId, title: "remembered" }, { signal: options.signal, progress: () => {} });
    await first.close();
    expect((await (await connect(uri)).inventory()).vms.find((vm) => vm.nativeId === nativeId)!.title).toBe("remembered");
  });

  it("says that it lacks what it was told to lack, and does not show it", async () => {
    const hypervisor = await connect(`sim://${estate("poor")}/host-0001?without=${featureNames.filter((name) => name !== "events").join(",")}`);
    expect(Object.values(hypervisor.features).filter((feature) => feature.supported)).toHaveLength(1);
    const { host, datastores, networks } = await hypervisor.inventory();
    expect({ numa: host.numa, devices: host.devices, datastores, networks }).toEqual({ numa: [], devices: [], datastores: [], networks: [] });
    await expect(hypervisor.samples()).rejects.toMatchObject({ code: "notSupported" });
  });
});
