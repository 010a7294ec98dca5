import { randomUUID } from "node:crypto";
import { verbs, type Verb } from "@polyvisor/model";
import { expect } from "vitest";
import type { Check } from "./suite.ts";
import type { ActionInput } from "./workshop.ts";

const vm = randomUUID();
const one: { [V in Verb]: Extract<ActionInput, { verb: V }> } = {
  "vm.create": { verb: "vm.create", vm, spec: { name: "conformance-refused" } },
  "vm.define": { verb: "vm.define", vm, definition: "<domain/>" },
  "vm.start": { verb: "vm.start", vm },
  "vm.shutdown": { verb: "vm.shutdown", vm },
  "vm.reboot": { verb: "vm.reboot", vm },
  "vm.reset": { verb: "vm.reset", vm },
  "vm.pause": { verb: "vm.pause", vm },
  "vm.unpause": { verb: "vm.unpause", vm },
  "vm.wake": { verb: "vm.wake", vm },
  "vm.save": { verb: "vm.save", vm },
  "vm.restore": { verb: "vm.restore", vm },
  "vm.destroy": { verb: "vm.destroy", vm },
  "vm.delete": { verb: "vm.delete", vm, volumes: [] },
  "vm.setAutostart": { verb: "vm.setAutostart", vm, on: true },
  "vm.rename": { verb: "vm.rename", vm, name: "conformance-renamed" },
  "vm.describe": { verb: "vm.describe", vm, title: "t" },
  "vm.setMemory": { verb: "vm.setMemory", vm, current: 64 * 1024 ** 2, apply: "nextStart" },
  "vm.setVcpus": { verb: "vm.setVcpus", vm, current: 1, apply: "nextStart" },
  "vm.attachDisk": { verb: "vm.attachDisk", vm, disk: { size: 1024 ** 2 }, apply: "nextStart" },
  "vm.detachDisk": { verb: "vm.detachDisk", vm, target: "vdz", apply: "nextStart" },
  "vm.changeMedia": { verb: "vm.changeMedia", vm, target: "sdz", apply: "nextStart" },
  "vm.attachNic": { verb: "vm.attachNic", vm, nic: { mac: "52:54:00:c0:ff:ee" }, apply: "nextStart" },
  "vm.detachNic": { verb: "vm.detachNic", vm, mac: "52:54:00:c0:ff:ee", apply: "nextStart" },
  "vm.snapshot": { verb: "vm.snapshot", vm, name: "s" },
  "vm.revert": { verb: "vm.revert", vm, snapshot: "s" },
  "vm.deleteSnapshot": { verb: "vm.deleteSnapshot", vm, snapshot: "s" },
  "vm.clone": { verb: "vm.clone", vm, to: randomUUID(), name: "conformance-clone", disks: [] },
  "vm.migrate": { verb: "vm.migrate", vm, to: "nowhere", live: false },
  "vm.sendKeys": { verb: "vm.sendKeys", vm, keys: ["KEY_ENTER"] },
  "datastore.create": { verb: "datastore.create", name: "conformance-refused", type: "dir", path: "/nowhere" },
  "datastore.start": { verb: "datastore.start", datastore: "conformance-refused" },
  "datastore.stop": { verb: "datastore.stop", datastore: "conformance-refused" },
  "datastore.delete": { verb: "datastore.delete", datastore: "conformance-refused" },
  "datastore.refresh": { verb: "datastore.refresh", datastore: "conformance-refused" },
  "volume.create": { verb: "volume.create", datastore: "conformance-refused", volume: "v", capacity: 512 },
  "volume.resize": { verb: "volume.resize", datastore: "conformance-refused", volume: "v", capacity: 512 },
  "volume.delete": { verb: "volume.delete", datastore: "conformance-refused", volume: "v" },
  "network.start": { verb: "network.start", network: "conformance-refused" },
  "network.stop": { verb: "network.stop", network: "conformance-refused" },
};

export function refusalTheme(check: Check): void {
  check("refuses what it has not, with the reason that it declared", {}, async (workshop) => {
    for (const action of Object.values(one)) {
      const feature = workshop.hypervisor.features[verbs[action.verb].feature];
      if (feature.supported) continue;
      const error = await workshop.refused(workshop.run(action), "notSupported");
      expect(error.detail, action.verb).toContain(feature.reason);
    }
  });

  check("observes every verb, also where nothing is there", {}, async (workshop) => {
    for (const action of Object.values(one)) {
      const answer = await workshop.observe(action).catch((error: { code?: string }) => error.code);
      if (!verbs[action.verb].observable) expect(answer, action.verb).toBe("unknown");
      else if (action.verb.endsWith(".delete")) expect(["done", "notDone"], action.verb).toContain(answer);
      else expect(["notDone", "unknown", "badRequest"], action.verb).toContain(answer);
    }
  });

  check("refuses edits of a VM that is not there", { features: ["vm.create", "vm.edit"] }, async (workshop) => {
    for (const verb of [
      "vm.setMemory",
      "vm.setVcpus",
      "vm.attachDisk",
      "vm.detachDisk",
      "vm.changeMedia",
      "vm.attachNic",
      "vm.detachNic",
      "vm.describe",
    ] as const)
      await workshop.refused(workshop.run(one[verb]), "notFound");
  });
}
