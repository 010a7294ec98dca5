import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Check } from "./suite.ts";
import { steady } from "./workshop.ts";

export function makingTheme(check: Check): void {
  check("creates the VM that was asked for, off", { features: ["vm.create"] }, async (workshop) => {
    const name = workshop.name();
    const spec = workshop.target.spec(name);
    const vm = await workshop.make({ name, title: "Made by the suite" });
    const facts = await workshop.vm(vm);
    expect(facts).toMatchObject({ name, title: "Made by the suite", state: "off", persistent: true, autostart: false, pending: [] });
    if (spec.memory !== undefined) expect(facts.memory.current).toBe(spec.memory);
    expect(facts.vcpus.current).toBe(spec.vcpus ?? 1);
    expect(facts.disks.filter((disk) => disk.device === "disk").length).toBe(spec.disks?.filter((disk) => (disk.device ?? "disk") === "disk").length ?? 0);
  });

  check("does not create the same VM twice", { features: ["vm.create"] }, async (workshop) => {
    const vm = randomUUID();
    const name = workshop.name();
    expect(await workshop.create(vm, { name })).not.toMatchObject({ already: true });
    const before = steady(await workshop.vm(vm));
    expect(await workshop.create(vm, { name })).toMatchObject({ already: true });
    expect((await workshop.hypervisor.inventory()).vms.filter((each) => each.name === name)).toHaveLength(1);
    expect(steady(await workshop.vm(vm))).toEqual(before);
  });

  check("refuses a name that is taken, and makes nothing", { features: ["vm.create"] }, async (workshop) => {
    const name = workshop.name();
    await workshop.make({ name });
    const second = randomUUID();
    await workshop.refused(workshop.create(second, { name }), "nameTaken");
    expect(await workshop.find(second)).toBeUndefined();
  });

  check("refuses a UUID that is taken under another name", { features: ["vm.create"] }, async (workshop) => {
    const vm = await workshop.make();
    const before = steady(await workshop.vm(vm));
    await workshop.refused(workshop.create(vm, { name: workshop.name() }), "conflict", "nameTaken");
    expect(steady(await workshop.vm(vm))).toEqual(before);
  });

  check("observes a creation before and after", { features: ["vm.create"] }, async (workshop) => {
    const vm = randomUUID();
    const spec = workshop.target.spec(workshop.name());
    expect(await workshop.observe({ verb: "vm.create", vm, spec })).toBe("notDone");
    await workshop.create(vm, { name: spec.name });
    expect(await workshop.observe({ verb: "vm.create", vm, spec })).toBe("done");
  });

  check("refuses to rename to a name that is taken", { features: ["vm.create", "vm.rename"] }, async (workshop) => {
    const name = workshop.name();
    await workshop.make({ name });
    const vm = await workshop.make();
    const before = steady(await workshop.vm(vm));
    await workshop.refused(workshop.run({ verb: "vm.rename", vm, name }), "nameTaken");
    expect(steady(await workshop.vm(vm))).toEqual(before);
  });

  check("defines a VM anew from its own definition", { features: ["vm.create", "vm.define", "vm.delete"] }, async (workshop) => {
    const vm = await workshop.make();
    const before = steady(await workshop.vm(vm));
    const definition = await workshop.hypervisor.definition(vm, "nextStart");
    expect(await workshop.run({ verb: "vm.define", vm, definition })).toMatchObject({ already: true });
    await workshop.run({ verb: "vm.delete", vm, volumes: [] });
    expect(await workshop.observe({ verb: "vm.define", vm, definition })).toBe("notDone");
    await workshop.run({ verb: "vm.define", vm, definition });
    expect(await workshop.observe({ verb: "vm.define", vm, definition })).toBe("done");
    expect(steady(await workshop.vm(vm))).toEqual(before);
  });

  check("refuses a definition that is none, and one of another VM", { features: ["vm.create", "vm.define"] }, async (workshop) => {
    const vm = randomUUID();
    workshop.own(vm);
    for (const definition of ["", "no XML at all", "<domain>", "<!DOCTYPE d [<!ENTITY a 'aaaa'>]><domain>&a;</domain>", "<other/>"])
      await workshop.refused(workshop.run({ verb: "vm.define", vm, definition }), "badRequest");
    const other = await workshop.make();
    await workshop.refused(
      workshop.run({ verb: "vm.define", vm, definition: await workshop.hypervisor.definition(other, "nextStart") }),
      "badRequest",
      "conflict",
    );
    expect(await workshop.find(vm)).toBeUndefined();
  });

  check("clones a VM with disks of its own", { features: ["vm.create", "vm.clone", "volume.manage"], target: ["datastore"] }, async (workshop) => {
    const vm = await workshop.make();
    const original = await workshop.vm(vm);
    const to = randomUUID();
    workshop.own(to);
    const name = workshop.name();
    const disks = original.disks
      .filter((disk) => disk.device === "disk" && !disk.readOnly)
      .map((disk) => ({ target: disk.target, datastore: workshop.target.datastore!, volume: `${name}-${disk.target}` }));
    const action = { verb: "vm.clone", vm, to, name, disks } as const;
    expect(await workshop.observe({ ...action, disks })).toBe("notDone");
    await workshop.run({ ...action, disks });
    expect(await workshop.observe({ ...action, disks })).toBe("done");
    const copy = await workshop.vm(to);
    expect(copy).toMatchObject({ name, state: "off", memory: original.memory, vcpus: original.vcpus });
    for (const disk of copy.disks)
      if (disks.some((each) => each.target === disk.target)) expect(original.disks.map((each) => each.source)).not.toContain(disk.source);
    for (const nic of copy.nics) expect(original.nics.map((each) => each.mac)).not.toContain(nic.mac);
    expect(await workshop.run({ ...action, disks })).toMatchObject({ already: true });
    await workshop.refused(workshop.run({ ...action, to: randomUUID(), disks }), "nameTaken");
  });

  check(
    "deletes a VM with the volumes that were named, and no other",
    { features: ["vm.create", "vm.delete", "datastore.list", "volume.manage"], target: ["datastore"] },
    async (workshop) => {
      const datastore = workshop.target.datastore!;
      const name = workshop.name();
      const volume = `${name}-a`;
      const kept = `${name}-b`;
      workshop.after(() => workshop.run({ verb: "volume.delete", datastore, volume: kept }));
      const vm = await workshop.make({ name, disks: [volume, kept].map((each) => ({ size: 1024 ** 2, format: "raw" as const, datastore, volume: each })) });
      const facts = await workshop.vm(vm);
      const path = facts.disks.find((disk) => disk.source?.endsWith(`/${volume}`))!.source!;
      await workshop.run({ verb: "vm.delete", vm, volumes: [path] });
      const names = (await workshop.hypervisor.inventory()).datastores.find((each) => each.name === datastore)!.volumes.map((each) => each.name);
      expect(names).not.toContain(volume);
      expect(names).toContain(kept);
    },
  );
}
