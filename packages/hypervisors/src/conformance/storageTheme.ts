import { expect } from "vitest";
import type { Check } from "./suite.ts";
import type { ActionInput, Workshop } from "./workshop.ts";

async function once(workshop: Workshop, action: ActionInput): Promise<void> {
  expect(await workshop.observe(action), `${action.verb} before`).toBe("notDone");
  await workshop.run(action);
  expect(await workshop.observe(action), `${action.verb} after`).toBe("done");
  expect(await workshop.run(action), `${action.verb} again`).toMatchObject({ already: true });
}

export function storageTheme(check: Check): void {
  check(
    "creates, stops, starts and deletes a datastore, each once",
    { features: ["datastore.list", "datastore.manage"], target: ["newDatastorePath"] },
    async (workshop) => {
      const name = workshop.name();
      const path = workshop.target.newDatastorePath!;
      const follower = await workshop.follow(await workshop.connect());
      workshop.after(async () => {
        await workshop.run({ verb: "datastore.stop", datastore: name });
        await workshop.run({ verb: "datastore.delete", datastore: name });
      });
      const look = async () => (await workshop.hypervisor.inventory()).datastores.find((each) => each.name === name);
      await once(workshop, { verb: "datastore.create", name, type: "dir", path, autostart: false });
      expect(await look()).toMatchObject({ type: "dir", path, active: true, autostart: false });
      await workshop.until("the datastore to be told", async () => [...follower.datastores.values()].find((each) => each.name === name && each.active));
      expect(await workshop.observe({ verb: "datastore.refresh", datastore: name })).toBe("unknown");
      await workshop.run({ verb: "datastore.refresh", datastore: name });
      await once(workshop, { verb: "datastore.stop", datastore: name });
      expect(await look()).toMatchObject({ active: false });
      await workshop.until("the stop to be told", async () => [...follower.datastores.values()].find((each) => each.name === name && !each.active));
      await once(workshop, { verb: "datastore.start", datastore: name });
      expect(await look()).toMatchObject({ active: true });
      await workshop.run({ verb: "datastore.stop", datastore: name });
      await once(workshop, { verb: "datastore.delete", datastore: name });
      expect(await look()).toBeUndefined();
      await workshop.until(
        "the end of the datastore to be told",
        async () => ![...follower.datastores.values()].some((each) => each.name === name) || undefined,
      );
    },
  );

  check(
    "refuses a datastore whose name is taken",
    { features: ["datastore.list", "datastore.manage"], target: ["datastore", "newDatastorePath"] },
    async (workshop) => {
      const before = (await workshop.hypervisor.inventory()).datastores.length;
      await workshop.refused(
        workshop.run({ verb: "datastore.create", name: workshop.target.datastore!, type: "dir", path: workshop.target.newDatastorePath! }),
        "nameTaken",
      );
      expect((await workshop.hypervisor.inventory()).datastores.length).toBe(before);
    },
  );

  check("does nothing to a datastore or network that there is not", { features: ["datastore.manage", "network.manage"] }, async (workshop) => {
    for (const verb of ["datastore.start", "datastore.stop", "datastore.refresh"] as const)
      await workshop.refused(workshop.run({ verb, datastore: "there-is-none" }), "notFound");
    expect(await workshop.run({ verb: "datastore.delete", datastore: "there-is-none" })).toMatchObject({ already: true });
    for (const verb of ["network.start", "network.stop"] as const) await workshop.refused(workshop.run({ verb, network: "there-is-none" }), "notFound");
  });

  check("stops and starts a network, each once", { features: ["network.list", "network.manage"], target: ["spareNetwork"] }, async (workshop) => {
    const network = workshop.target.spareNetwork!;
    const follower = await workshop.follow(await workshop.connect());
    const look = async () => (await workshop.hypervisor.inventory()).networks.find((each) => each.name === network)!;
    if (!(await look()).active) await workshop.run({ verb: "network.start", network });
    workshop.after(() => workshop.run({ verb: "network.start", network }));
    await once(workshop, { verb: "network.stop", network });
    await workshop.until("the stop to be told", async () => [...follower.networks.values()].find((each) => each.name === network && !each.active));
    await once(workshop, { verb: "network.start", network });
    await workshop.until("the start to be told", async () => [...follower.networks.values()].find((each) => each.name === network && each.active));
    expect((await look()).active).toBe(true);
  });
}
