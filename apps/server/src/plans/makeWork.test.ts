import { requestSchema, simpleVmVerbs, type Request } from "@polyvisor/api";
import { featureTable, planSchema, vmStates, type Vm } from "@polyvisor/model";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { Estate } from "../estate/estate.ts";
import { aDatastore, aHost, aNetwork, aVm, aVolume } from "../lab/sampleObjects.ts";
import { checkPlan } from "./checkPlan.ts";
import { makeWork } from "./makeWork.ts";
import type { PlanInput, PlanTemplate } from "./planInput.ts";

const GiB = 1024 ** 3;
const sha = "ab".repeat(32);
const micro: PlanTemplate = {
  name: "micro",
  spec: { memory: 128 * 1024 ** 2, boot: { kernel: "image:vmlinuz", initramfs: "image:initramfs", cmdline: "console=ttyS0" } },
  containerSpec: { container: { root: "image:rootfs.img" } },
  files: new Map([
    ["rootfs.img", { sha256: sha, size: 30 }],
    ["vmlinuz", { sha256: sha, size: 10 }],
    ["initramfs", { sha256: sha, size: 20 }],
  ]),
};

let estate: Estate;
let placed: Set<string>;
beforeEach(() => {
  placed = new Set();
  estate = new Estate();
  estate.put(aHost("h-1", { name: "one" }));
  estate.put(aHost("h-2", { name: "two" }));
  estate.put(aDatastore("ds-1", "h-1", { name: "images" }));
  estate.put(aNetwork("net-1", "h-1", { name: "default" }));
});
const disk = (source: string, more: Partial<Vm["disks"][number]> = {}): Vm["disks"][number] => ({
  target: "vda",
  device: "disk",
  bus: "virtio",
  format: "qcow2",
  source,
  sourceKind: "file",
  readOnly: false,
  shareable: false,
  ...more,
});

function work(request: unknown, more: Partial<PlanInput> = {}) {
  let n = 0;
  const random = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => n++);
  return makeWork({
    request: requestSchema.parse(request),
    reason: "a test",
    estate,
    templates: new Map([["micro", micro]]),
    recipes: ["micro", "other"],
    isPlaced: (...place) => placed.has(place.join(" ")),
    random,
    home: "/home/me",
    ...more,
  });
}
/** Steps in short: number, what waits for what, verb and what it is about. */
const steps = (request: unknown): string[] =>
  work(request).plan.steps.map(
    ({ n, after, action, target }) =>
      `${after.length > 0 ? `${after.join("+")}>` : ""}${n} ${action.verb} ${"volume" in action ? `${action.datastore}/${action.volume}` : target.name}`,
  );
const create = (spec: object, more: object = {}): unknown => ({ do: "vm.create", spec: { name: "web", ...spec }, ...more });

describe("vm.create", () => {
  test("makes volumes, then the VM, then starts it", () => {
    expect(steps(create({ disks: [{ size: GiB }, { size: GiB, format: "raw" }] }, { host: "one" }))).toEqual([
      "1 volume.create images/web-vda.qcow2",
      "2 volume.create images/web-vdb.img",
      "1+2>3 vm.create web",
      "3>4 vm.start web",
    ]);
  });
  test("leaves nothing open: UUID, MAC, network, disks and acceleration are in the plan, each with its reason", () => {
    const step = work(create({ disks: [{ size: GiB }] }, { host: "one", start: false })).plan.steps.at(-1)!;
    expect(step.action).toMatchObject({
      verb: "vm.create",
      vm: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
      spec: {
        acceleration: "emulated",
        disks: [{ target: "vda", source: "images/web-vda.qcow2" }],
        nics: [{ source: "default", mac: expect.stringMatching(/^52:54:00:/) }],
      },
    });
    expect(step.reasons).toEqual([
      "the host was asked for",
      "acceleration emulated: a probe did not boot with hardware",
      "network default: the default one",
      "datastore images: the only active one, 100 GiB available",
      "vda: new volume images/web-vda.qcow2 of 1 GiB",
    ]);
  });
  test("the same input gives the same plan", () => expect(work(create({}))).toEqual(work(create({}))));
  test("goes to the host with the most free memory and says so", () => {
    estate.put(aVm("vm-1", "h-1", { state: "running", memory: { current: 8 * GiB, max: 8 * GiB } }));
    const step = work(create({})).plan.steps.at(-2)!;
    expect(step.hostId).toBe("h-2");
    expect(step.reasons[0]).toBe("host two: with 16 GiB it has the most free memory of 2 hosts that can take it");
  });
  test("names what keeps it from every host", () => {
    estate.put(aHost("h-1", { name: "one", connection: { state: "lost", since: "" } }));
    estate.put(aHost("h-2", { name: "two", features: featureTable({ "vm.create": "no" }) }));
    expect(() => work(create({}))).toThrow("no host can take it: one: it is not connected; two: it cannot create VMs");
  });
  test("makes a datastore where there is none, and starts what is asleep", () => {
    estate.put(aNetwork("net-2", "h-2", { name: "lan", active: false }));
    expect(steps(create({ disks: [{ size: GiB }], nics: [{ source: "lan" }] }, { host: "two" }))).toEqual([
      "1 network.start lan",
      "2 datastore.create polyvisor",
      "2>3 volume.create polyvisor/web-vda.qcow2",
      "1+3>4 vm.create web",
      "4>5 vm.start web",
    ]);
  });
  test("leaves a network alone that is off when nobody asked for it", () => {
    estate.put(aNetwork("net-2", "h-2", { name: "default", active: false }));
    const { plan } = work(create({}, { host: "two" }));
    expect(plan.steps.map((step) => step.action.verb)).toEqual(["vm.create", "vm.start"]);
    expect(plan.steps[0]!.action).toMatchObject({ spec: { nics: [{ kind: "user" }] } });
    expect(plan.steps[0]!.reasons).toContain("NIC behind the hypervisor's own NAT: two has no network that is active (default is off)");
  });
  test("a session's datastore is in the home folder of this machine's user, and unknown elsewhere", () => {
    estate.put(aHost("h-2", { name: "two", uri: "qemu:///session" }));
    expect(work(create({ disks: [{ size: GiB }] }, { host: "two" })).plan.steps[0]!.action).toMatchObject({
      path: "/home/me/.local/share/libvirt/images/polyvisor",
    });
    estate.put(aHost("h-2", { name: "two", uri: "qemu+ssh://other/session" }));
    expect(() => work(create({ disks: [{ size: GiB }] }, { host: "two" }))).toThrow(/home folder.*not known/);
  });
  test("gives each container a root of its own, copied of the template's, which is brought once", () => {
    estate.put(aHost("h-2", { name: "box", facts: { ...estate.get("host", "h-2")!.facts!, acceleration: { usable: "container", evidence: "containers" } } }));
    estate.put(aDatastore("ds-2", "h-2", { name: "images" }));
    const templates = new Map([
      ["micro", { ...micro, containerSpec: { container: { root: "image:root.img" } }, files: new Map([["root.img", { sha256: sha, size: 24 }]]) }],
    ]);
    const image = `polyvisor-micro-${sha.slice(0, 12)}-root.img`;
    const { plan } = work(create({}, { host: "box", template: "micro" }), { templates });
    expect(plan.steps.map(({ n, after, action }) => [n, after, action.verb])).toEqual([
      [1, [], "image.place"],
      [2, [1], "volume.create"],
      [3, [1, 2], "vm.create"],
      [4, [3], "vm.start"],
    ]);
    expect(plan.steps[1]!.action).toMatchObject({ volume: "web-root.img", from: image, format: "raw", capacity: 24 });
    expect(plan.steps[2]!.action).toMatchObject({ spec: { container: { root: "/srv/ds-2/web-root.img" } } });
  });
  test("brings a template's files once; the second VM finds them", () => {
    const request = create({}, { host: "one", template: "micro" });
    const kernel = `polyvisor-micro-${sha.slice(0, 12)}-vmlinuz`;
    expect(steps(request).slice(0, 2)).toEqual([`1 image.place images/${kernel}`, `2 image.place images/polyvisor-micro-${sha.slice(0, 12)}-initramfs`]);
    const made = work(request).plan.steps[2]!;
    expect(made.after).toEqual([1, 2]);
    expect(made.action).toMatchObject({ spec: { memory: 128 * 1024 ** 2, boot: { kernel: `/srv/ds-1/${kernel}`, cmdline: "console=ttyS0" } } });
    estate.put(
      aDatastore("ds-1", "h-1", { name: "images", volumes: [aVolume("ds-1", kernel), aVolume("ds-1", `polyvisor-micro-${sha.slice(0, 12)}-initramfs`)] }),
    );
    expect(steps(request)).toHaveLength(4); // there, but not known to be complete
    placed = new Set([`h-1 images ${kernel}`, `h-1 images polyvisor-micro-${sha.slice(0, 12)}-initramfs`]);
    expect(steps(request)).toEqual(["1 vm.create web", "1>2 vm.start web"]);
  });
  test("a container gets a copy of the template's root that is its own", () => {
    estate.put(aHost("h-1", { name: "one", facts: { ...aHost("h-1").facts!, acceleration: { usable: "container", evidence: "" } } }));
    const image = `polyvisor-micro-${sha.slice(0, 12)}-rootfs.img`;
    const request = create({}, { host: "one", template: "micro", start: false });
    expect(steps(request)).toEqual([`1 image.place images/${image}`, "1>2 volume.create images/web-root.img", "1+2>3 vm.create web"]);
    expect(work(request).plan.steps[1]!.action).toMatchObject({ from: image, capacity: 30, format: "raw" });
    expect(work(request).plan.steps[2]!.action).toMatchObject({ spec: { container: { root: "/srv/ds-1/web-root.img" }, acceleration: "auto" } });
  });
  test("the operator's wish counts over the template's", () => {
    expect(
      work(create({ memory: GiB, nics: [] }, { host: "one", template: "micro" })).plan.steps.find((step) => step.action.verb === "vm.create")!.action,
    ).toMatchObject({ spec: { memory: GiB, nics: [] } });
  });
  test.each([
    [create({}, { template: "other" }), /template other is not built yet/],
    [create({}, { template: "none" }), /no template "none"; known are micro, other/],
    [create({ boot: { kernel: "image:x" } }), /no template was given/],
    [create({ disks: [{}] }), /disk 1 has neither size nor source/],
    [create({ disks: [{ size: GiB, source: "a/b" }] }), /exclude each other/],
    [create({ disks: [{ size: GiB, datastore: "nope" }] }, { host: "one" }), /no datastore "nope"; it has images/],
    [create({ disks: [{ size: 200 * GiB, format: "raw" }] }, { host: "one" }), /images has 100 GiB available/],
    [create({ nics: [{ source: "lan" }] }, { host: "one" }), /no network "lan"; it has default/],
    [create({ acceleration: "hardware" }), /no usable hardware acceleration: a probe did not boot/],
    [create({ memory: 20 * GiB }, { host: "one" }), /16 GiB of memory in all/],
    [create({ memory: GiB, maxMemory: GiB / 2 }), /maximum of memory/],
    [create({}, { host: "nowhere" }), /no host "nowhere"/],
  ])("%j is refused", (request, text) => expect(() => work(request)).toThrow(text));
  test("a name is unique on its host", () => {
    estate.put(aVm("vm-1", "h-1", { name: "web" }));
    expect(() => work(create({}, { host: "one" }))).toThrow(/one has a VM called "web" already/);
    expect(steps(create({}, { host: "two" }))).toHaveLength(2);
  });
});

describe("vm.clone", () => {
  test("copies every disk, a container's root among them, under names of their own", () => {
    estate.put(aDatastore("ds-1", "h-1", { name: "images", volumes: [aVolume("ds-1", "web.qcow2"), aVolume("ds-1", "web-root.img")] }));
    estate.put(aVm("vm-1", "h-1", { name: "web", state: "off", disks: [disk("/srv/ds-1/web.qcow2"), disk("/srv/ds-1/web-root.img", { target: "/" })] }));
    expect(work({ do: "vm.clone", vm: "web", name: "copy" }).plan.steps[0]!.action).toMatchObject({
      verb: "vm.clone",
      disks: [
        { target: "vda", volume: "copy-vda.qcow2" },
        { target: "/", volume: "copy-root.img" },
      ],
    });
  });
});

describe("vm.delete", () => {
  beforeEach(() => {
    estate.put(aDatastore("ds-1", "h-1", { name: "images", volumes: [aVolume("ds-1", "own"), aVolume("ds-1", "both"), aVolume("ds-1", "iso")] }));
    estate.put(
      aVm("vm-1", "h-1", {
        name: "web",
        disks: [
          disk("/srv/ds-1/own"),
          disk("images/both", { target: "vdb", sourceKind: "volume" }),
          disk("/srv/ds-1/iso", { target: "sda", device: "cdrom" }),
          disk("/elsewhere/x", { target: "vdc" }),
        ],
      }),
    );
    estate.put(aVm("vm-2", "h-1", { name: "db", disks: [disk("/srv/ds-1/both")] }));
  });
  const action = (request: object) => work({ do: "vm.delete", vms: ["web"], ...request }).plan.steps.at(-1)!;
  test("keeps every disk unless told otherwise", () => expect(action({}).action).toMatchObject({ volumes: [] }));
  test("takes exactly the volumes that are its own, and says why the others stay", () => {
    const { action: done, reasons } = action({ disks: "delete" });
    expect(done).toMatchObject({ volumes: ["/srv/ds-1/own"] });
    expect(reasons).toEqual([
      "vda: own of datastore images goes (512 MiB)",
      "stays: vdb (both): db has it too",
      "stays: vdc (/elsewhere/x): it is on no known datastore",
    ]);
  });
  test("sees users on other hosts of a shared datastore", () => {
    for (const [id, host] of [
      ["ds-1", "h-1"],
      ["ds-2", "h-2"],
    ] as const)
      estate.put(aDatastore(id, host, { name: "images", type: "netfs", path: "/srv/ds-1", volumes: [aVolume("ds-1", "own"), aVolume("ds-1", "both")] }));
    estate.put(aVm("vm-3", "h-2", { name: "far", disks: [disk("/srv/ds-1/own")] }));
    expect(action({ disks: "delete" }).action).toMatchObject({ volumes: [] });
  });
  test("sees users under another hypervisor of the same machine", () => {
    estate.put(aHost("h-2", { name: "two", facts: { ...aHost("h-2").facts!, machineId: "machine-h-1" } }));
    estate.put(aDatastore("ds-2", "h-2", { name: "other-name", path: "/srv/ds-1" }));
    estate.put(aVm("vm-3", "h-2", { name: "box", disks: [disk("/srv/ds-1/own")] }));
    expect(action({ disks: "delete" }).action).toMatchObject({ volumes: [] });
  });
  test("of a running VM needs force, which cuts the power first", () => {
    estate.put({ ...estate.get("vm", "vm-1")!, state: "running" });
    expect(() => action({})).toThrow(/one\/web is running/);
    expect(steps({ do: "vm.delete", vms: ["web"], force: true })).toEqual(["1 vm.destroy web", "1>2 vm.delete web"]);
  });
});

describe("many VMs", () => {
  beforeEach(() => {
    for (let i = 0; i < 5; i++) estate.put(aVm(`vm-${i}`, "h-1", { state: i < 3 ? "off" : "running", tags: ["t"] }));
  });
  test("what is impossible is told as failed, the rest goes on", () => {
    const { plan, failures } = work({ do: "vm.start", select: "tag=t" });
    expect(plan.steps).toHaveLength(5);
    expect([...failures.keys()]).toEqual([4, 5]);
    expect(failures.get(4)).toMatchObject({ code: "wrongState", detail: expect.stringMatching(/one\/vm-3: start is not possible while the VM is running/) });
    expect(plan.warnings).toEqual(["2 of 5 cannot be done and will be reported as failed"]);
  });
  test("where nothing is possible, all blockers are named", () =>
    expect(() => work({ do: "vm.unpause", select: "tag=t" })).toThrow(/none of 5 can be done: .*vm-0.*; .*vm-4/));
  test("of one, the blocker itself is the answer", () =>
    expect(() => work({ do: "vm.start", vms: ["vm-4"] })).toThrow(expect.objectContaining({ code: "wrongState" })));
  test("a lost host is named with what is wrong and what to do", () => {
    estate.put(
      aHost("h-1", {
        name: "one",
        connection: { state: "lost", since: "", failure: { code: "hostRefused", detail: "nothing listens", remedy: "Start libvirtd." } },
      }),
    );
    expect(() => work({ do: "vm.start", vms: ["vm-0"] })).toThrow(
      expect.objectContaining({ code: "hostUnreachable", detail: expect.stringMatching(/one is not connected: nothing listens/), remedy: "Start libvirtd." }),
    );
  });
  test("both or neither of vms and select is not understood", () => {
    for (const request of [{ do: "vm.start" }, { do: "vm.start", vms: ["vm-0"], select: "x" }]) expect(() => work(request)).toThrow(/either `vms` or `select`/);
  });
});

describe("vm.migrate", () => {
  beforeEach(() =>
    estate.put(
      aVm("vm-1", "h-1", {
        name: "web",
        state: "running",
        disks: [disk("/srv/ds-1/d")],
        nics: [{ mac: "52:54:00:00:00:01", kind: "network", source: "default", linkUp: true, addresses: [] }],
      }),
    ),
  );
  const migrate = (more: object = {}) => work({ do: "vm.migrate", vms: ["web"], to: "two", ...more });
  const share = (): void => {
    for (const [id, host] of [
      ["ds-1", "h-1"],
      ["ds-2", "h-2"],
    ] as const)
      estate.put(aDatastore(id, host, { name: "images", type: "netfs", path: "/srv/ds-1", volumes: [aVolume("ds-1", "d")] }));
    estate.put(aNetwork("net-2", "h-2", { name: "default" }));
  };
  test("each blocker is named before anything begins", () => {
    expect(() => migrate()).toThrow(/network default, which is not active on two/);
    estate.put(aNetwork("net-2", "h-2", { name: "default" }));
    expect(() => migrate()).toThrow(/two does not have vda \(\/srv\/ds-1\/d\) of web/);
    share();
    estate.put(aVm("vm-9", "h-2", { state: "running", memory: { current: 15.5 * GiB, max: 16 * GiB } }));
    expect(() => migrate()).toThrow(/two has 512 MiB free; web needs 1 GiB/);
    estate.delete("vm", "vm-9");
    estate.put(aHost("h-2", { name: "two", features: featureTable({ "vm.migrate.live": "the driver cannot" }) }));
    expect(() => migrate()).toThrow(/two cannot move a running VM to another host: the driver cannot/);
  });
  test("a running VM on shared disks goes live", () => {
    share();
    expect(migrate().plan.steps[0]!.action).toMatchObject({ verb: "vm.migrate", live: true, to: "test://h-2/" });
  });
});

test("a plan that the checker finds faulty is never given", () => {
  const { plan } = work(create({ disks: [{ size: GiB }] }, { host: "one" }));
  const broken = (change: (steps: typeof plan.steps) => unknown): string[] => {
    const copy = structuredClone(plan);
    change(copy.steps);
    return checkPlan({ plan: copy, failures: new Map() }, estate);
  };
  expect(broken(() => 0)).toEqual([]);
  expect(broken((list) => (list[0]!.after = [3]))).toEqual([expect.stringMatching(/waits for step 3, which does not stand before it/)]);
  expect(broken((list) => (list[1]!.after = []))).toEqual([expect.stringMatching(/uses images\/web-vda.qcow2 and does not wait/)]);
  expect(broken((list) => (list[2]!.after = []))).toEqual([expect.stringMatching(/no step before makes it/)]);
  expect(broken((list) => list.push({ ...list[0]!, n: 4 }))).toEqual([expect.stringMatching(/as step 1 does/)]);
  expect(broken((list) => (list[0]!.hostId = "h-9"))).toEqual([expect.stringMatching(/host is not in the estate/)]);
});

test("whatever is asked, the answer is a sound plan or an error with a code", () => {
  const ref = fc.constantFrom("vm-1", "vm-2", "vm-3", "one/vm-1", "none");
  const targets = fc.oneof(
    fc.record({ vms: fc.array(ref, { minLength: 1, maxLength: 3 }) }),
    fc.record({ select: fc.constantFrom("name=*", "state=off", "tag=x", "=", "host=one") }),
  );
  const options = fc.record(
    {
      timeoutSeconds: fc.constant(5),
      on: fc.boolean(),
      name: fc.constantFrom("vm-2", "fresh"),
      current: fc.constantFrom(1, 2, 512 * 1024 ** 2),
      max: fc.constantFrom(4, GiB),
      apply: fc.constantFrom("now", "nextStart", "both"),
      target: fc.constantFrom("vda", "sda"),
      mac: fc.constant("52:54:00:00:00:01"),
      nic: fc.constant({}),
      snapshot: fc.constant("s"),
      keys: fc.constant(["a"]),
      disks: fc.constantFrom("keep", "delete"),
      force: fc.boolean(),
      to: fc.constantFrom("one", "two"),
      disk: fc.constantFrom({ size: GiB }, { source: "/srv/ds-1/a" }, {}),
      vm: ref,
      datastore: fc.constantFrom("images", "none"),
      volume: fc.constantFrom("a", "b"),
      capacity: fc.constantFrom(1, GiB * 200),
      network: fc.constantFrom("default"),
      host: fc.constantFrom("one", "two"),
      path: fc.constant("/x"),
      template: fc.constantFrom("micro", "none"),
      spec: fc.record({ name: fc.constantFrom("fresh", "vm-1"), disks: fc.constantFrom([], [{ size: GiB }, { size: 1000 }]) }),
      start: fc.boolean(),
      definition: fc.constantFrom("<domain><name>x</name></domain>", "<domain/>"),
    },
    { requiredKeys: [] },
  );
  const verb = fc.constantFrom(
    ...simpleVmVerbs,
    "vm.create",
    "vm.define",
    "vm.delete",
    "vm.clone",
    "vm.migrate",
    "vm.attachDisk",
    "datastore.create",
    "datastore.start",
    "datastore.stop",
    "datastore.delete",
    "datastore.refresh",
    "volume.create",
    "volume.resize",
    "volume.delete",
    "network.start",
    "network.stop",
    "template.build",
  );
  let plans = 0;
  fc.assert(
    fc.property(verb, targets, options, fc.array(fc.constantFrom(...vmStates), { minLength: 3, maxLength: 3 }), (name, some, more, states) => {
      estate = new Estate();
      estate.put(aHost("h-1", { name: "one" }));
      estate.put(aHost("h-2", { name: "two", features: featureTable({ "vm.pause": "no", "vm.edit": "no" }) }));
      estate.put(aDatastore("ds-1", "h-1", { name: "images", volumes: [aVolume("ds-1", "a")] }));
      estate.put(aNetwork("net-1", "h-1", { name: "default" }));
      states.forEach((state, i) => estate.put(aVm(`vm-${i + 1}`, i === 2 ? "h-2" : "h-1", { state, disks: [disk("/srv/ds-1/a")] })));
      let request: Request | undefined;
      for (const candidate of [
        { do: name, ...some, ...more },
        { do: name, ...more },
        { do: name, ...some },
      ]) {
        const shape = Object.fromEntries(Object.entries(candidate));
        for (;;) {
          const read = requestSchema.safeParse(shape);
          if (read.success) {
            request = read.data;
            break;
          }
          const unknown = read.error.issues.flatMap((issue) => ("keys" in issue ? issue.keys : []));
          if (unknown.length === 0) break;
          for (const key of unknown) delete shape[key];
        }
        if (request) break;
      }
      if (!request) return;
      let made;
      try {
        made = work(request);
      } catch (error) {
        expect(error).toHaveProperty("code");
        expect((error as { code: string }).code).not.toBe("internal");
        return;
      }
      plans++;
      expect(planSchema.safeParse(made.plan).error?.issues ?? []).toEqual([]);
      expect(checkPlan(made, estate)).toEqual([]);
      expect(made.plan.steps.length).toBeGreaterThan(0);
      for (const step of made.plan.steps) if (made.failures.has(step.n)) expect(step.after).toEqual([]);
    }),
    { numRuns: 1500 },
  );
  expect(plans).toBeGreaterThan(150);
});
