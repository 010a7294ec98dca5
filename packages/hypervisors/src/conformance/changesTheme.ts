import type { Change } from "@polyvisor/model";
import { expect } from "vitest";
import { ordered, type Follower } from "./follower.ts";
import type { Check } from "./suite.ts";
import type { Workshop } from "./workshop.ts";

/** Waits until a follower knows exactly what a fresh inventory of another connection has. */
async function agrees(workshop: Workshop, follower: Follower, what: string): Promise<void> {
  let difference = "";
  try {
    await workshop.until(what, async () => {
      const fresh = ordered(await workshop.hypervisor.inventory());
      const known = follower.known();
      difference = firstDifference(known, fresh);
      return difference === "" || undefined;
    });
  } catch (error) {
    throw new Error(`what the changes told is not what an inventory has: ${difference}`, { cause: error });
  }
}

/** What moves by itself without an event that anybody could send: space that a guest's writes take, devices where no udev runs. */
const measured = new Set(["allocation", "available", "devices"]);

function firstDifference(a: unknown, b: unknown, path = ""): string {
  if (Object.is(a, b)) return "";
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return `${path}: told ${JSON.stringify(a)}, is ${JSON.stringify(b)}`;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (measured.has(key)) continue;
    const found = firstDifference((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${path}/${key}`);
    if (found) return found;
  }
  return "";
}

export function changesTheme(check: Check): void {
  check("begins its changes with an inventory", {}, async (workshop) => {
    const follower = await workshop.follow();
    expect(follower.seen[0]?.type).toBe("inventory");
    await agrees(workshop, follower, "the first inventory to be a fresh one");
  });

  check("tells what another connection did, exactly as an inventory has it", { features: ["vm.create", "vm.delete"] }, async (workshop) => {
    const follower = await workshop.follow(await workshop.connect());
    const vm = await workshop.make();
    await workshop.until("the new VM", async () => follower.vms.get(vm));
    await agrees(workshop, follower, "the new VM as it is");
    await workshop.run({ verb: "vm.delete", vm, volumes: [] });
    await workshop.until("the end of the VM", async () => !follower.vms.has(vm) || undefined);
    await agrees(workshop, follower, "everything as it is without the VM");
  });

  check("tells every state on the way", { features: ["vm.create", "vm.start", "vm.pause", "vm.destroy"] }, async (workshop) => {
    const follower = await workshop.follow(await workshop.connect());
    const vm = await workshop.make();
    const told = async (...states: string[]): Promise<void> => {
      await workshop.until(`state ${states[0]} to be told`, async () => states.includes(follower.vms.get(vm)?.state ?? "") || undefined);
      await agrees(workshop, follower, `state ${states[0]}`);
    };
    await told("off");
    await workshop.run({ verb: "vm.start", vm });
    await told("running", "blocked");
    await workshop.run({ verb: "vm.pause", vm });
    await told("paused");
    await workshop.run({ verb: "vm.unpause", vm });
    await told("running", "blocked");
    await workshop.run({ verb: "vm.destroy", vm });
    await told("off");
  });

  check("tells edits at rest", { features: ["vm.create", "vm.edit", "vm.autostart"] }, async (workshop) => {
    const follower = await workshop.follow(await workshop.connect());
    const vm = await workshop.make();
    await workshop.run({ verb: "vm.setAutostart", vm, on: true });
    await workshop.run({ verb: "vm.describe", vm, title: "A title", description: "Words with <angles> & an ampersand" });
    await workshop.until(
      "title and autostart",
      async () =>
        (follower.vms.get(vm)?.title === "A title" && follower.vms.get(vm)?.description !== undefined && follower.vms.get(vm)?.autostart) || undefined,
    );
    expect(follower.vms.get(vm)!.description).toBe("Words with <angles> & an ampersand");
    await agrees(workshop, follower, "the edited VM");
    await workshop.run({ verb: "vm.setAutostart", vm, on: false });
  });

  check("loses nothing for a slow consumer: it gets every change in order, or an inventory", { features: ["vm.create", "vm.edit"] }, async (workshop) => {
    const [early, busy] = [await workshop.make(), await workshop.make()];
    const slow = await workshop.connect();
    const stop = new AbortController();
    workshop.after(async () => stop.abort());
    const stream = slow.changes(stop.signal)[Symbol.asyncIterator]();
    const first = (await stream.next()).value as Change;
    expect(first.type).toBe("inventory");
    // One change that a flood of others comes after; only then does the consumer go on.
    await workshop.run({ verb: "vm.describe", vm: early, title: "told once" });
    for (let i = 0; i < 40; i++) await workshop.run({ verb: "vm.describe", vm: busy, title: `title ${i}` });
    const titles: string[] = [];
    let toldOnce = false;
    while (titles.at(-1) !== "title 39") {
      const change = (await stream.next()).value as Change;
      const told = change.type === "inventory" ? change.inventory.vms : change.type === "upsert" && change.kind === "vm" ? [change.facts] : [];
      for (const facts of told) {
        if (facts.nativeId === early && facts.title === "told once") toldOnce = true;
        if (facts.nativeId === busy && facts.title !== undefined) titles.push(facts.title);
      }
    }
    expect(toldOnce, "the change before the flood was lost").toBe(true);
    const numbers = titles.map((title) => Number(title.slice(6)));
    expect(numbers, "titles came out of order").toEqual(numbers.toSorted((a, b) => a - b));
  });

  check("ends its changes when they are no longer wanted", {}, async (workshop) => {
    const follower = await workshop.follow(await workshop.connect());
    await follower.stop();
    expect(follower.ended).toEqual({ error: undefined });
  });
}
