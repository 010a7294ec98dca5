import { datastoreFactsSchema, featureNames, hostFactsSchema, networkFactsSchema, stateReasons, vmFactsSchema } from "@polyvisor/model";
import { expect } from "vitest";
import { ordered } from "./follower.ts";
import type { Check } from "./suite.ts";
import { steady } from "./workshop.ts";

/** An endpoint tells everything in the model's words. Facts are strict: a field that the model does not know is a mistake. */
const shapes = {
  host: hostFactsSchema.strict(),
  vms: vmFactsSchema.strict().array(),
  datastores: datastoreFactsSchema.strict().array(),
  networks: networkFactsSchema.strict().array(),
} as const;

export function inventoryTheme(check: Check): void {
  check("says of each feature whether it has it, and why not", {}, async ({ hypervisor }) => {
    expect(Object.keys(hypervisor.features).sort()).toEqual([...featureNames].sort());
    for (const [name, feature] of Object.entries(hypervisor.features)) if (!feature.supported) expect(feature.reason.length, name).toBeGreaterThan(0);
  });

  check("gives an inventory in the model's shape", {}, async (workshop) => {
    if (workshop.hypervisor.features["vm.create"].supported) await workshop.make();
    const inventory = await workshop.hypervisor.inventory();
    expect(Object.keys(inventory).sort()).toEqual(Object.keys(shapes).sort());
    for (const [part, shape] of Object.entries(shapes)) expect(shape.safeParse(inventory[part as keyof typeof shapes]).error?.issues, part).toBeUndefined();
    for (const vm of inventory.vms) {
      expect(Object.hasOwn(stateReasons, vm.reason), `reason ${vm.reason} of ${vm.name}`).toBe(true);
      expect(vm.vcpus.current).toBeLessThanOrEqual(vm.vcpus.max);
      expect(new Set(vm.disks.map((disk) => disk.target)).size, `targets of ${vm.name}`).toBe(vm.disks.length);
      expect(vm.snapshots.filter((snapshot) => snapshot.current).length).toBeLessThanOrEqual(1);
    }
  });

  check("gives each object an id and a name of its own", {}, async ({ hypervisor }) => {
    const { vms, datastores, networks } = await hypervisor.inventory();
    for (const list of [vms, datastores, networks]) {
      expect(new Set(list.map((each) => each.nativeId)).size).toBe(list.length);
      expect(new Set(list.map((each) => each.name)).size).toBe(list.length);
    }
  });

  check("gives two connections the same inventory", { features: ["vm.create"] }, async (workshop) => {
    const vm = await workshop.make();
    const other = await workshop.connect();
    await workshop.until("two equal inventories", async () => {
      const [a, b] = await Promise.all([workshop.hypervisor.inventory(), other.inventory()]);
      const comparable = (inventory: typeof a): string => JSON.stringify({ ...ordered(inventory), vms: ordered(inventory).vms.map(steady) });
      return comparable(a) === comparable(b) || undefined;
    });
    expect(await workshop.vm(vm, other)).toEqual(await workshop.vm(vm));
  });

  check("hands out facts that a consumer cannot spoil", { features: ["vm.create"] }, async (workshop) => {
    const vm = await workshop.make();
    const facts = await workshop.vm(vm);
    const before = structuredClone(facts);
    try {
      facts.name = "spoiled";
      facts.disks.length = 0;
    } catch {
      // Frozen facts are as good as fresh ones.
    }
    expect(await workshop.vm(vm)).toEqual(before);
  });

  check("describes a VM by its definition", { features: ["vm.create"] }, async (workshop) => {
    const vm = await workshop.make();
    const text = await workshop.hypervisor.definition(vm, "nextStart");
    expect(text).toContain(vm);
    await workshop.refused(workshop.hypervisor.definition("00000000-0000-4000-8000-000000000000", "nextStart"), "notFound");
  });
}
