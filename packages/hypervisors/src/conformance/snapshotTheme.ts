import { expect } from "vitest";
import type { Check } from "./suite.ts";
import { alike } from "./workshop.ts";

export function snapshotTheme(check: Check): void {
  check("takes, reverts to and deletes snapshots at rest", { features: ["vm.create", "vm.snapshot"] }, async (workshop) => {
    const vm = await workshop.make();
    const take = { verb: "vm.snapshot", vm, name: "first", description: "before the change", memory: false } as const;
    expect(await workshop.observe(take)).toBe("notDone");
    await workshop.run(take);
    expect(await workshop.observe(take)).toBe("done");
    expect(await workshop.run(take)).toMatchObject({ already: true });
    await workshop.run({ verb: "vm.snapshot", vm, name: "second", memory: false });
    let { snapshots } = await workshop.vm(vm);
    expect(snapshots.find((each) => each.name === "first")).toMatchObject({ description: "before the change", current: false, withMemory: false });
    expect(snapshots.find((each) => each.name === "second")).toMatchObject({ parent: "first", current: true });
    expect(await workshop.observe({ verb: "vm.revert", vm, snapshot: "first" })).toBe("unknown");
    await workshop.run({ verb: "vm.revert", vm, snapshot: "first" });
    expect((await workshop.vm(vm)).snapshots.find((each) => each.current)?.name).toBe("first");
    const remove = { verb: "vm.deleteSnapshot", vm, snapshot: "first", children: false } as const;
    expect(await workshop.observe(remove)).toBe("notDone");
    await workshop.run(remove);
    expect(await workshop.observe(remove)).toBe("done");
    expect(await workshop.run(remove)).toMatchObject({ already: true });
    ({ snapshots } = await workshop.vm(vm));
    expect(snapshots.map((each) => each.name)).toEqual(["second"]);
    await workshop.refused(workshop.run({ verb: "vm.revert", vm, snapshot: "first" }), "notFound");
    await workshop.run({ verb: "vm.deleteSnapshot", vm, snapshot: "second" });
  });

  check("deletes a snapshot with all that came after it", { features: ["vm.create", "vm.snapshot"] }, async (workshop) => {
    const vm = await workshop.make();
    for (const name of ["one", "two", "three"]) await workshop.run({ verb: "vm.snapshot", vm, name, memory: false });
    await workshop.run({ verb: "vm.deleteSnapshot", vm, snapshot: "two", children: true });
    expect((await workshop.vm(vm)).snapshots.map((each) => each.name)).toEqual(["one"]);
    await workshop.run({ verb: "vm.deleteSnapshot", vm, snapshot: "one" });
  });

  check(
    "takes a snapshot with memory and goes on from there",
    { features: ["vm.create", "vm.start", "vm.destroy", "vm.snapshot", "vm.snapshot.memory"] },
    async (workshop) => {
      const vm = await workshop.make();
      await workshop.bring(vm, "running");
      await workshop.run({ verb: "vm.snapshot", vm, name: "live", memory: true });
      expect((await workshop.vm(vm)).snapshots).toMatchObject([{ name: "live", withMemory: true, current: true }]);
      await workshop.bring(vm, "off");
      await workshop.run({ verb: "vm.revert", vm, snapshot: "live" });
      expect(alike((await workshop.vm(vm)).state, "running")).toBe(true);
      await workshop.bring(vm, "off");
      await workshop.run({ verb: "vm.deleteSnapshot", vm, snapshot: "live" });
    },
  );
}
