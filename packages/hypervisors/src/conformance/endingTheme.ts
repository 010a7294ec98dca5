import { expect } from "vitest";
import type { Check } from "./suite.ts";
import { steady } from "./workshop.ts";

export function endingTheme(check: Check): void {
  check("settles `closed` without an error when it is closed, and answers nothing afterwards", { alone: true }, async (workshop) => {
    const { hypervisor } = workshop;
    await hypervisor.inventory();
    await hypervisor.close();
    expect(await hypervisor.closed).toBeUndefined();
    await expect(hypervisor.inventory()).rejects.toHaveProperty("code");
    await expect(workshop.run({ verb: "vm.start", vm: "00000000-0000-4000-8000-0123456789ab" })).rejects.toHaveProperty("code");
    await hypervisor.close();
  });

  check("rejects what is under way when it is closed", { alone: true }, async (workshop) => {
    const { hypervisor } = workshop;
    const calls = [hypervisor.inventory(), hypervisor.inventory(), hypervisor.observe({ verb: "vm.delete", vm: "x", volumes: [] })];
    const follower = await workshop.follow();
    await Promise.allSettled(calls);
    const late = Array.from({ length: 20 }, () => hypervisor.inventory());
    const settled = Promise.allSettled(late);
    await hypervisor.close();
    for (const outcome of await settled) if (outcome.status === "rejected") expect(outcome.reason).toHaveProperty("code");
    await workshop.until("the end of the changes", async () => follower.ended);
  });

  check(
    "rejects an action that waits when it is closed, and the VM is in a known state",
    { features: ["vm.create", "vm.start", "vm.shutdown", "vm.destroy"], alone: true },
    async (workshop) => {
      const vm = await workshop.make();
      await workshop.bring(vm, "running");
      const shutdown = workshop.run({ verb: "vm.shutdown", vm, timeoutSeconds: 3600 }).catch((error: unknown) => error);
      await workshop.hypervisor.close();
      expect(await shutdown, "neither an answer nor an error of the catalogue").toSatisfy(
        (answer) => typeof (answer as { code?: string }).code === "string" || typeof (answer as { message?: string }).message === "string",
      );
      const again = await workshop.connect();
      expect(["running", "blocked", "shuttingDown", "off"]).toContain((await workshop.vm(vm, again)).state);
    },
  );

  check("gives a call up when its signal fires", {}, async (workshop) => {
    await expect(workshop.hypervisor.inventory(AbortSignal.abort())).rejects.toThrow();
    await workshop.hypervisor.inventory();
  });

  check("does nothing when an action is cancelled before it begins", { features: ["vm.create", "vm.start"] }, async (workshop) => {
    const vm = await workshop.make();
    const before = steady(await workshop.vm(vm));
    await workshop.refused(workshop.run({ verb: "vm.start", vm }, { signal: AbortSignal.abort() }), "cancelled");
    expect(steady(await workshop.vm(vm))).toEqual(before);
  });

  check(
    "leaves a known state when the wait for a shutdown is cancelled",
    { features: ["vm.create", "vm.start", "vm.shutdown", "vm.destroy"] },
    async (workshop) => {
      const vm = await workshop.make();
      await workshop.bring(vm, "running");
      const stop = new AbortController();
      const shutdown = workshop.run({ verb: "vm.shutdown", vm, timeoutSeconds: 3600 }, { signal: stop.signal });
      stop.abort();
      const outcome = await shutdown.catch((error: unknown) => error);
      // Either the guest was quicker, or the wait is over and says so; never a hang, never another error.
      expect(outcome).toSatisfy(
        (answer) =>
          typeof (answer as { message?: string }).message === "string" &&
          ((answer as { code?: string }).code === undefined || (answer as { code?: string }).code === "cancelled"),
      );
      expect(["running", "blocked", "shuttingDown", "off"]).toContain((await workshop.vm(vm)).state);
    },
  );

  check("runs many actions side by side, each once", { features: ["vm.create", "vm.edit", "vm.delete"] }, async (workshop) => {
    const vms = await Promise.all(Array.from({ length: 5 }, () => workshop.make()));
    await Promise.all(vms.flatMap((vm, i) => [workshop.run({ verb: "vm.describe", vm, title: `number ${i}` }), workshop.hypervisor.inventory()]));
    const known = (await workshop.hypervisor.inventory()).vms;
    for (const [i, vm] of vms.entries()) expect(known.filter((each) => each.nativeId === vm).map((each) => each.title)).toEqual([`number ${i}`]);
    const outcomes = await Promise.all(vms.map((vm) => workshop.run({ verb: "vm.delete", vm, volumes: [] })));
    expect(outcomes.every((outcome) => outcome.already !== true)).toBe(true);
  });
}
