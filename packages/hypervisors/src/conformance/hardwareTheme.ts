import type { FeatureName } from "@polyvisor/model";
import { expect } from "vitest";
import type { Check } from "./suite.ts";
import type { ActionInput, Workshop } from "./workshop.ts";

const MiB = 1024 ** 2;
const running: FeatureName[] = ["vm.create", "vm.edit", "vm.start", "vm.destroy"];

/** Observed before, done, observed after, and harmless a second time. */
async function once(workshop: Workshop, action: ActionInput): Promise<void> {
  expect(await workshop.observe(action), `${action.verb} before`).toBe("notDone");
  await workshop.run(action);
  expect(await workshop.observe(action), `${action.verb} after`).toBe("done");
  expect(await workshop.run(action), `${action.verb} again`).toMatchObject({ already: true });
}

const mac = (): string =>
  `52:54:00:c0:${[0, 0]
    .map(() =>
      Math.floor(Math.random() * 256)
        .toString(16)
        .padStart(2, "0"),
    )
    .join(":")}`;

export function hardwareTheme(check: Check): void {
  check("changes memory and vCPUs at rest", { features: ["vm.create", "vm.edit"] }, async (workshop) => {
    const vm = await workshop.make();
    const { memory } = await workshop.vm(vm);
    const max = memory.max + 64 * MiB;
    await once(workshop, { verb: "vm.setMemory", vm, current: max, max, apply: "nextStart" });
    await once(workshop, { verb: "vm.setVcpus", vm, current: 2, max: 2, apply: "nextStart" });
    expect(await workshop.vm(vm)).toMatchObject({ memory: { current: max, max }, vcpus: { current: 2, max: 2 }, pending: [] });
    await workshop.refused(workshop.run({ verb: "vm.setMemory", vm, current: max, apply: "now" }), "wrongState");
    await workshop.refused(workshop.run({ verb: "vm.setVcpus", vm, current: 3, apply: "nextStart" }), "badRequest");
  });

  check("keeps an edit for the next start, says so, and applies it then", { features: running }, async (workshop) => {
    const vm = await workshop.make();
    await workshop.bring(vm, "running");
    const before = await workshop.vm(vm);
    const max = before.memory.max + 64 * MiB;
    await once(workshop, { verb: "vm.setMemory", vm, current: max, max, apply: "nextStart" });
    const meanwhile = await workshop.vm(vm);
    expect(meanwhile.memory.max).toBe(before.memory.max);
    expect(meanwhile.pending).toContain("memory");
    await workshop.bring(vm, "off");
    expect(await workshop.vm(vm)).toMatchObject({ memory: { max }, pending: [] });
    await workshop.bring(vm, "running");
    expect((await workshop.vm(vm)).memory.max).toBe(max);
  });

  check("changes memory while it runs", { features: [...running, "vm.memory.live"] }, async (workshop) => {
    const vm = await workshop.make();
    const { memory } = await workshop.vm(vm);
    const current = memory.current - 16 * MiB;
    await workshop.bring(vm, "running");
    // The guest's balloon driver gives memory back; where none runs, the wish stands and the figure may stay until the next start.
    await workshop.run({ verb: "vm.setMemory", vm, current, apply: "both" });
    await workshop.bring(vm, "off");
    expect(await workshop.vm(vm)).toMatchObject({ memory: { current, max: memory.max }, pending: [] });
  });

  check("adds vCPUs while it runs", { features: [...running, "vm.vcpus.live"] }, async (workshop) => {
    const vm = await workshop.make();
    await workshop.run({ verb: "vm.setVcpus", vm, current: 1, max: 2, apply: "nextStart" });
    await workshop.bring(vm, "running");
    await once(workshop, { verb: "vm.setVcpus", vm, current: 2, apply: "now" });
    expect(await workshop.vm(vm)).toMatchObject({ vcpus: { current: 2, max: 2 }, pending: ["vcpus"] });
  });

  for (const apply of ["now", "nextStart", "both"] as const) {
    check(
      `attaches and detaches a disk ${apply}`,
      { features: [...running, "volume.manage", ...(apply === "nextStart" ? [] : (["vm.disk.hotplug"] as const))], target: ["datastore"] },
      async (workshop) => {
        const datastore = workshop.target.datastore!;
        const volume = workshop.name();
        const vm = await workshop.make();
        const before = (await workshop.vm(vm)).disks.length;
        await workshop.bring(vm, "running");
        if (apply !== "nextStart") await workshop.booted(vm);
        workshop.after(() => workshop.run({ verb: "volume.delete", datastore, volume }));
        await once(workshop, { verb: "vm.attachDisk", vm, disk: { size: MiB, format: "raw", datastore, volume, target: "vdx" }, apply });
        const attached = await workshop.vm(vm);
        expect(attached.disks.length).toBe(apply === "nextStart" ? before : before + 1);
        expect(attached.pending.includes("disks")).toBe(apply !== "both");
        await workshop.refused(
          workshop.run({ verb: "vm.attachDisk", vm, disk: { size: MiB, format: "raw", datastore, volume: `${volume}-2`, target: "vdx" }, apply }),
          "nameTaken",
        );
        // Without a system in it that lets go, a guest may keep a disk: then only the configuration is asked.
        if (apply === "nextStart" || workshop.target.guestObeys !== false) await once(workshop, { verb: "vm.detachDisk", vm, target: "vdx", apply });
        await workshop.bring(vm, "off");
      },
    );
  }

  for (const apply of ["now", "nextStart", "both"] as const) {
    check(
      `attaches and detaches a NIC ${apply}`,
      { features: [...running, ...(apply === "nextStart" ? [] : (["vm.nic.hotplug"] as const))], target: ["network"] },
      async (workshop) => {
        const vm = await workshop.make();
        const before = (await workshop.vm(vm)).nics.length;
        await workshop.bring(vm, "running");
        if (apply !== "nextStart") await workshop.booted(vm);
        const address = mac();
        await once(workshop, { verb: "vm.attachNic", vm, nic: { source: workshop.target.network!, mac: address }, apply });
        const attached = await workshop.vm(vm);
        expect(attached.nics.length).toBe(apply === "nextStart" ? before : before + 1);
        expect(attached.pending.includes("nics")).toBe(apply !== "both");
        if (apply === "nextStart" || workshop.target.guestObeys !== false) await once(workshop, { verb: "vm.detachNic", vm, mac: address, apply });
      },
    );
  }

  check("refuses to change now what is off", { features: ["vm.create", "vm.edit"], target: ["network"] }, async (workshop) => {
    const vm = await workshop.make();
    const before = await workshop.vm(vm);
    await workshop.refused(workshop.run({ verb: "vm.attachNic", vm, nic: { source: workshop.target.network!, mac: mac() }, apply: "now" }), "wrongState");
    expect(await workshop.vm(vm)).toEqual(before);
  });

  check("puts a medium into a drive and takes it out", { features: ["vm.create", "vm.edit", "volume.manage"], target: ["datastore"] }, async (workshop) => {
    const datastore = workshop.target.datastore!;
    const volume = workshop.name();
    workshop.after(() => workshop.run({ verb: "volume.delete", datastore, volume }));
    await workshop.run({ verb: "volume.create", datastore, volume, capacity: MiB, format: "raw" });
    const spec = workshop.target.spec("any");
    const vm = await workshop.make({ disks: [...(spec.disks ?? []), { device: "cdrom", bus: "sata", format: "raw", target: "sdx" }] });
    await once(workshop, { verb: "vm.changeMedia", vm, target: "sdx", source: `${datastore}/${volume}`, apply: "nextStart" });
    expect((await workshop.vm(vm)).disks.find((disk) => disk.target === "sdx")).toMatchObject({ device: "cdrom", readOnly: true });
    await once(workshop, { verb: "vm.changeMedia", vm, target: "sdx", apply: "nextStart" });
    expect((await workshop.vm(vm)).disks.find((disk) => disk.target === "sdx")).toMatchObject({ sourceKind: "none" });
    await workshop.refused(workshop.run({ verb: "vm.changeMedia", vm, target: "sdy", apply: "nextStart" }), "notFound", "badRequest");
  });

  check("sets autostart, title and description, and unsets them", { features: ["vm.create", "vm.edit", "vm.autostart"] }, async (workshop) => {
    const vm = await workshop.make();
    await once(workshop, { verb: "vm.setAutostart", vm, on: true });
    await once(workshop, { verb: "vm.setAutostart", vm, on: false });
    await once(workshop, { verb: "vm.describe", vm, title: "Größe < 5 & mehr", description: "line one\nline two" });
    expect(await workshop.vm(vm)).toMatchObject({ title: "Größe < 5 & mehr", description: "line one\nline two" });
    await once(workshop, { verb: "vm.describe", vm, title: "", description: "" });
    expect((await workshop.vm(vm)).title ?? "").toBe("");
  });
}
