import type { FeatureName } from "@polyvisor/model";
import { expect } from "vitest";
import type { Check } from "./suite.ts";
import { alike, type Workshop } from "./workshop.ts";

/** Moves a VM and looks at both ends; brings nothing back: the test deletes it over there. */
async function move(workshop: Workshop, live: boolean): Promise<void> {
  const { to, copyStorage = false, connect } = workshop.target.migrateTo!;
  const there = (await connect()).hypervisor;
  workshop.after(() => there.close());
  const vm = await workshop.make();
  await workshop.bring(vm, live ? "running" : "off");
  const before = await workshop.vm(vm);
  workshop.after(async () => {
    const left = await workshop.find(vm, there);
    if (!left) return;
    if (alike(left.state, "running")) await workshop.run({ verb: "vm.destroy", vm }, { on: there });
    await workshop.run(
      { verb: "vm.delete", vm, volumes: left.disks.flatMap((disk) => (disk.source?.includes(before.name) ? [disk.source] : [])) },
      { on: there },
    );
  });
  const here = await workshop.follow(await workshop.connect());
  const other = await workshop.follow(there);
  const action = { verb: "vm.migrate", vm, to, live, copyStorage } as const;
  expect(await workshop.observe(action)).toBe("notDone");
  await workshop.run(action);
  expect(await workshop.observe(action)).toBe("done");
  await workshop.until("the VM to leave", async () => !here.vms.has(vm) || undefined);
  const arrived = await workshop.until("the VM to arrive", async () => other.vms.get(vm));
  expect(alike(arrived.state, before.state)).toBe(true);
  expect(arrived).toMatchObject({ name: before.name, memory: before.memory, vcpus: before.vcpus });
  expect(await workshop.find(vm)).toBeUndefined();
}

export function migrationTheme(check: Check): void {
  const features: FeatureName[] = ["vm.create", "vm.start", "vm.destroy"];
  check("moves a running VM, which is then on exactly one host", { features: [...features, "vm.migrate.live"], target: ["migrateTo"] }, (workshop) =>
    move(workshop, true),
  );
  check("moves a VM that is off", { features: [...features, "vm.migrate.offline"], target: ["migrateTo"] }, (workshop) => move(workshop, false));
  check(
    "refuses to move to where nobody is, and the VM stays as it was",
    { features: [...features, "vm.migrate.live"], target: ["migrateTo"] },
    async (workshop) => {
      const vm = await workshop.make();
      await workshop.bring(vm, "running");
      const before = await workshop.vm(vm);
      await expect(workshop.run({ verb: "vm.migrate", vm, to: "nowhere:///at-all", live: true })).rejects.toHaveProperty("code");
      expect(alike((await workshop.vm(vm)).state, before.state)).toBe(true);
    },
  );
}
