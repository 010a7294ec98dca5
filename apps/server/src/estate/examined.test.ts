import { describe, expect, test } from "vitest";
import { aDatastore, aHost, aNetwork, aVm } from "../lab/sampleObjects.ts";
import { Estate } from "./estate.ts";
import { filterOf } from "./filterOf.ts";
import { examineAtMost } from "./selection.ts";

const now = Date.parse("2026-11-21T12:00:00Z");
const GiB = 1024 ** 3;

describe("of 20,000 VMs", () => {
  const count = 20_000;
  const hosts = 200;
  const estate = new Estate({ now: () => now });
  for (let h = 0; h < hosts; h++) estate.put(aHost(`h-${h}`, { name: `host-${h}`, tags: [`pool:${h % 10}`] }));
  for (let h = 0; h < hosts; h++) estate.put(aDatastore(`ds-${h}`, `h-${h}`, { name: "images", path: "/srv/images" }));
  for (let h = 0; h < hosts; h++) estate.put(aNetwork(`net-${h}`, `h-${h}`, { name: "default", forward: h === 7 ? "route" : "nat" }));
  for (let i = 0; i < count; i++) {
    const id = `vm-${String(i).padStart(5, "0")}`;
    estate.put(
      aVm(id, `h-${i % hosts}`, {
        name: `${i % 100 === 0 ? "web" : "node"}-${String(i).padStart(5, "0")}`,
        state: i % 1000 === 0 ? "paused" : "running",
        tags: i % 50 === 0 ? ["db"] : [],
        memory: { current: ((i % 16) + 1) * GiB, max: 16 * GiB },
        stateSince: new Date(now - i * 60_000).toISOString(),
        notes: i === 77 ? "ask anna" : "",
        disks: [
          {
            target: "vda",
            device: "disk",
            bus: "virtio",
            format: "qcow2",
            source: `/srv/images/${i}.qcow2`,
            sourceKind: "file",
            readOnly: false,
            shareable: false,
          },
        ],
        nics: [
          {
            mac: `52:54:00:00:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`,
            kind: "network",
            source: "default",
            linkUp: true,
            addresses: [`10.0.${i >> 8}.${i & 255}`],
          },
        ],
      }),
    );
    if (i % 10 === 0) estate.setLoad("vm", id, { at: now, seconds: 20, cpu: (i % 1000) / 1000 });
  }
  const limit = 100;
  /** What a page costs beside what it shows: the objects that are sorted where few fit. */
  const perPage = 512 + limit + 1;

  test.each<[string, number, number?]>([
    ["", count],
    ["state = running", 19_980],
    ["state != running", 20],
    ["not (tag = db or state = paused)", 19_600],
    ["tag = db and state = running and memory > 8GiB", 190],
    ["memory >= 2GiB", 18_750],
    ["name = web-*", 200],
    ["name ~ EB-0", 100],
    ["name ~ 0012", 12],
    ["name ~ e", count],
    ["host.pool = 3 and tag is empty", 2_000, 20],
    ["host = host-7 and state = running", 100, 1],
    ["datastore = images and host.name = host-7", 100, 201],
    ["network.forward = route", 100, 1],
    ["since > 1h ago", 60],
    ["state.age > 7d and state.age < 8d", 1_439],
    ["cpu.use > 80%", 380],
    ["cpu.use is empty", 18_000],
    ["nic.address = 10.0.1.*", 256],
    ["disk.source ~ /1234.q", 1],
    ["web-00100", 1],
    ["id = vm-00077", 1],
    ["host = host-7 and notes ~ anna", 0, 101],
  ])("%s finds %i and examines few objects", (text, total, more = 0) => {
    const filter = filterOf(text, "vm", "test", now);
    for (const sort of ["name", "-name", "-memory", "stateSince"]) {
      estate.figures.examined = 0;
      expect(estate.page("vm", { filter, sort, limit }).total).toBe(total);
      expect(estate.figures.examined).toBeLessThanOrEqual(perPage + more);
    }
  });

  test("a bulk request examines what it finds, and stops at its limit", () => {
    estate.figures.examined = 0;
    expect(estate.select("vm", filterOf("tag = db", "vm", "test", now)).length).toBe(400);
    expect(estate.figures.examined).toBe(400);
    estate.figures.examined = 0;
    expect(estate.select("vm", filterOf("state = running", "vm", "test", now), 1000).length).toBe(1001);
    expect(estate.figures.examined).toBe(1001);
  });

  test("what has no index is looked at within a bound, and refused past it with what to do", () => {
    expect(estate.page("vm", { filter: filterOf("notes ~ anna", "vm", "test", now), limit }).items.map(({ id }) => id)).toEqual(["vm-00077"]);
    expect(examineAtMost).toBe(count);
    estate.put(aVm("vm-more", "h-1"));
    expect(() => estate.page("vm", { filter: filterOf("notes ~ anna", "vm", "test", now), limit })).toThrow(/20001 vms to look at; 20000 is the limit/);
    expect(estate.page("vm", { filter: filterOf("notes ~ anna and state = running", "vm", "test", now), limit }).total).toBe(1);
    estate.delete("vm", "vm-more");
  });
});
