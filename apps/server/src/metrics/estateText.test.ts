import { vmStates } from "@polyvisor/model";
import { expect, test } from "vitest";
import type { Figures, LoadRow } from "../controlPlane.ts";
import { estateText } from "./estateText.ts";

const row = (i: number, name = `vm-${i}`): LoadRow => ({
  id: `vm-${i}`,
  name,
  host: "h",
  state: "running",
  load: { at: 0, seconds: 5, cpu: 0.5, memoryUsed: 1024 },
});
const figures = (vmLoads: LoadRow[]): Figures => ({
  hosts: { connecting: 0, connected: 1, lost: 0, disabled: 0 },
  vms: Object.fromEntries(vmStates.map((state) => [state, 1])) as Figures["vms"],
  datastores: 1,
  networks: 1,
  tasks: { open: { queued: 0, running: 1 }, ended: { succeeded: 3 }, stepsRunning: 1 },
  changeLag: { p50: 0.001, p99: 0.002, max: 0.003 },
  events: { published: 1, lastId: 7, subscribers: 0, resets: 0 },
  journal: { waiting: 0, commits: 1, failures: 0 },
  samples: { rounds: 1, failures: 0, rowsWritten: 2, refused: 0, lost: 0, waiting: 0, interval: 20 },
  vmLoads,
  hostLoads: [row(0)],
});

/** Every line is a descriptor or a sample of the family described last; each family stands once. Our own reading of OpenMetrics 1.0. */
function check(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const families = new Set<string>();
  let family = "";
  for (const line of text.split("\n").slice(0, -1)) {
    const type = /^# TYPE ([a-z_]+) (gauge|counter)$/.exec(line);
    if (type) {
      family = type[1]!;
      expect(families.has(family), `${family} twice`).toBe(false);
      families.add(family);
      continue;
    }
    if (/^# (HELP|UNIT) /.test(line)) {
      expect(line.split(" ")[2]).toBe(family);
      if (line.startsWith("# UNIT")) expect(family.endsWith(`_${line.split(" ")[3]}`)).toBe(true);
      continue;
    }
    const sample = /^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+\})? (-?[\d.e+-]+)$/.exec(line);
    expect(sample, line).not.toBeNull();
    expect([family, `${family}_total`]).toContain(sample![1]);
    samples.set(`${sample![1]}${sample![2] ?? ""}`, Number(sample![3]));
  }
  return samples;
}

test("is OpenMetrics, whatever VMs are called", () => {
  const samples = check([...estateText(figures([row(1, 'a"b\\c\nd'), row(2, "{}= ü")]))].join(""));
  expect(samples.get('polyvisor_vm_cpu_processors{vm="a\\"b\\\\c\\nd",host="h",id="vm-1"}')).toBe(0.5);
  expect(samples.get('polyvisor_tasks_ended_total{state="succeeded"}')).toBe(3);
  expect(samples.get("polyvisor_event_id")).toBe(7);
});

test("what was not measured has no line, and is not 0", () => {
  expect([...estateText(figures([row(1)]))].join("")).not.toMatch(/polyvisor_vm_disk_read_bytes_per_second\{/);
});

test("comes in pieces that do not grow with the estate", () => {
  const pieces = [...estateText(figures(Array.from({ length: 20_000 }, (_, i) => row(i))))];
  expect(Math.max(...pieces.map((each) => each.length))).toBeLessThan(70_000);
  expect(check(pieces.join("")).size).toBeGreaterThan(40_000);
});
