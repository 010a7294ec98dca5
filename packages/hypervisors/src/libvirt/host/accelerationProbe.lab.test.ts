import { randomUUID } from "node:crypto";
import { actionSchema } from "@polyvisor/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Follower } from "../../conformance/follower.ts";
import type { Hypervisor } from "../../hypervisor.ts";
import { libvirtKind } from "../libvirtKind.ts";
import { takeTurnsAtSystemDaemon } from "../../../../../tests/lab/systemDaemon.ts";

takeTurnsAtSystemDaemon();

describe("the acceleration of this host", () => {
  let hypervisor: Hypervisor;
  let other: Hypervisor;
  let follower: Follower;
  let watcher: Follower;
  const connect = (): Promise<Hypervisor> =>
    libvirtKind.connect(new URL("qemu:///system"), { signal: new AbortController().signal, openTimeoutMs: 20_000, callTimeoutMs: 60_000 });

  beforeAll(async () => {
    // The other watches from before the test guests exist.
    other = await connect();
    hypervisor = await connect();
    watcher = new Follower(other);
    follower = new Follower(hypervisor);
  });
  afterAll(async () => {
    await follower.stop();
    await watcher.stop();
    await hypervisor.close();
    await other.close();
  });
  const settled = async (): Promise<NonNullable<Follower["host"]>["acceleration"]> => {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const known = follower.host?.acceleration;
      if (known && !known.evidence.includes("yet")) return known;
      if (Date.now() > deadline) throw new Error("the probe did not end");
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  };

  it("is told with how it is known", async () => {
    const { usable, evidence } = await settled();
    expect(["hardware", "emulated", "none"]).toContain(usable);
    expect(evidence).toMatch(usable === "hardware" ? /ran to its end in \d+\.\d\d s with KVM/ : /no KVM|with KVM|with it/);
    expect((await hypervisor.inventory()).host.acceleration).toEqual({ usable, evidence });
  });

  it("was found without anybody seeing a test guest", async () => {
    await settled();
    for (const each of [...follower.seen, ...watcher.seen]) {
      const names = each.type === "inventory" ? each.inventory.vms.map(({ name }) => name) : each.type === "upsert" ? [each.facts.name] : [];
      for (const name of names) expect(name).not.toMatch(/^polyvisor-probe-/);
    }
  });

  it("decides what a new VM is, and refuses to promise more", async () => {
    const { usable, evidence } = await settled();
    const vm = randomUUID();
    const spec = { name: `acceleration-${vm.slice(0, 8)}`, memory: 64 * 1024 ** 2 };
    const act = (action: unknown): Promise<{ message: string }> =>
      hypervisor.run(actionSchema.parse(action), { signal: AbortSignal.timeout(60_000), progress: () => {} });
    const wished = act({ verb: "vm.create", vm, spec: { ...spec, acceleration: "hardware" } });
    if (usable === "hardware") await wished;
    else await expect(wished).rejects.toMatchObject({ code: "notSupported", detail: expect.stringContaining(evidence) });
    if (usable !== "hardware") expect((await act({ verb: "vm.create", vm, spec })).message).toContain(evidence);
    try {
      expect((await hypervisor.inventory()).vms.find(({ nativeId }) => nativeId === vm)).toMatchObject({
        acceleration: usable === "hardware" ? "hardware" : "emulated",
        virtType: usable === "hardware" ? "kvm" : "qemu",
      });
    } finally {
      await act({ verb: "vm.delete", vm, volumes: [] });
    }
  });
});
