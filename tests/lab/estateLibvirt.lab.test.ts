import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Host, Vm } from "@polyvisor/model";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { filterOf } from "../../apps/server/src/estate/filterOf.ts";
import { openLabPlane, type LabPlane } from "../../apps/server/src/lab/labPlane.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { PrivateLibvirtd } from "./privateLibvirtd.ts";

// The heart of the server over a real libvirtd with real QEMU, while virsh changes things behind its back and the
// daemon is hung and killed. What virsh says is what must be in the estate.

const run = promisify(execFile);
let daemon: PrivateLibvirtd;
let lab: LabPlane;
let host: Host;
beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

const uri = (): string => `qemu+unix:///session?socket=${encodeURIComponent(daemon.socket)}`;
const virsh = async (...args: string[]): Promise<string> => (await run("virsh", ["-q", "-c", uri(), ...args], { timeout: 60_000 })).stdout.trim();
const connected = (): Promise<unknown> => until("the connection", () => lab.plane.estate.get("host", host.id)?.connection.state === "connected", 20_000);
const vmNamed = (name: string): Vm | undefined => lab.plane.estate.page("vm", { filter: filterOf(`name = "${name}"`, "vm", "test"), limit: 1 }).items[0];

beforeEach(async () => {
  lab = await openLabPlane(undefined, { intervals: { sample: 1_000, callTimeout: 5_000 } });
  host = await lab.plane.hosts.add({ uri: uri(), name: "private" }, "lab");
  await connected();
});
afterEach(async () => {
  for (const name of (await virsh("list", "--name").catch(() => "")).split("\n").filter(Boolean)) await virsh("destroy", name).catch(() => undefined);
  for (const name of (await virsh("list", "--all", "--name").catch(() => "")).split("\n").filter(Boolean))
    await virsh("undefine", name, "--snapshots-metadata").catch(() => undefined);
  await lab.close();
});

/** The estate has exactly the VMs of virsh, each in its state; but for the guest by which the adapter finds out what acceleration works. */
async function agrees(deadlineMs = 5_000): Promise<void> {
  await until(
    "estate and virsh agree",
    async () => {
      const words: Record<string, string> = { running: "running", "shut off": "off", paused: "paused", crashed: "crashed" };
      const told = (await virsh("list", "--all"))
        .split("\n")
        .filter((line) => line !== "" && !line.includes("polyvisor-probe"))
        .map((line) => /^\s*\S+\s+(\S+)\s+(.+?)\s*$/.exec(line)!)
        .map(([, name, state]) => `${name} ${words[state!] ?? state}`)
        .sort();
      const ours = lab.plane.estate
        .page("vm", { limit: 100 })
        .items.map((vm) => `${vm.name} ${vm.state}`)
        .sort();
      expect(ours).toEqual(told);
      return lab.plane.estate.get("host", host.id)!.connection.state === "connected";
    },
    deadlineMs,
  );
}
async function store(): Promise<void> {
  const folder = join(daemon.folder, "images");
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o777);
  if (!lab.plane.estate.page("datastore", { limit: 10 }).items.some((each) => each.name === "images"))
    expect(await lab.run({ do: "datastore.create", host: host.id, name: "images", path: folder })).toMatchObject({ state: "succeeded" });
  await until("the datastore", () => lab.plane.estate.page("datastore", { limit: 10 }).items.some((each) => each.name === "images" && each.active));
}

it("makes, starts, pauses and deletes a VM with its disk; virsh agrees at each step", { timeout: 120_000 }, async () => {
  await store();
  const created = await lab.run({
    do: "vm.create",
    host: host.id,
    spec: { name: "made", memory: 64 * 1024 ** 2, disks: [{ size: 16 * 1024 ** 2 }], nics: [] },
  });
  expect(created, JSON.stringify(created.steps)).toMatchObject({ state: "succeeded" });
  await agrees();
  const uuid = await virsh("domuuid", "made");
  expect(vmNamed("made")).toMatchObject({ nativeId: uuid, state: "running", memory: { max: 64 * 1024 ** 2 } });
  expect(await virsh("vol-list", "images")).toMatch(/made-vda\.qcow2/);
  expect(await lab.run({ do: "vm.pause", vms: ["made"] })).toMatchObject({ state: "succeeded" });
  expect(await virsh("domstate", "made")).toBe("paused");
  await agrees();
  await until("its load", () => lab.plane.samples.present("vm", "cpu", 10).some((row) => row.name === "made"));
  const gone = await lab.run({ do: "vm.delete", vms: ["made"], disks: "delete", force: true });
  expect(gone, JSON.stringify(gone.steps)).toMatchObject({ state: "succeeded" });
  await agrees();
  expect(await virsh("vol-list", "images")).not.toMatch(/made/);
});

it("sees what virsh does behind its back, and keeps the VM's id, tags and notes over all of it", { timeout: 120_000 }, async () => {
  const xml = join(daemon.folder, "behind.xml");
  await writeFile(xml, "<domain type='qemu'><name>behind</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>");
  await chmod(xml, 0o644);
  await virsh("define", xml);
  await agrees();
  const { id } = vmNamed("behind")!;
  await lab.plane.vms.change(id, { tags: ["mine"], notes: "kept" });
  for (const verb of ["start", "suspend", "resume", "destroy"]) {
    await virsh(verb, "behind");
    await agrees();
  }
  await virsh("domrename", "behind", "renamed");
  await virsh("desc", "renamed", "--config", "--title", "a title");
  await until("name and title", () => vmNamed("renamed")?.title === "a title");
  expect(vmNamed("renamed")).toMatchObject({ id, tags: ["mine"], notes: "kept", state: "off" });
  await virsh("undefine", "renamed");
  await agrees();
});

it.each(["SIGKILL", "SIGSTOP"] as const)(
  "a daemon that ends by %s is found out; its VM is as last seen meanwhile, and all agrees again after its return",
  { timeout: 180_000 },
  async (signal) => {
    const created = await lab.run({ do: "vm.create", host: host.id, spec: { name: "lasting", memory: 32 * 1024 ** 2, nics: [] } });
    expect(created, JSON.stringify(created.steps)).toMatchObject({ state: "succeeded" });
    const before = vmNamed("lasting")!;
    await daemon.signal(signal);
    await until("the loss is noticed", () => lab.plane.estate.get("host", host.id)!.connection.state === "lost", 60_000);
    expect(lab.plane.vms.explain(before.id)).toMatchObject({ fresh: false, state: "running" });
    await expect(lab.run({ do: "vm.pause", vms: ["lasting"] })).rejects.toMatchObject({ code: "hostUnreachable" });
    if (signal === "SIGKILL") await daemon.run();
    else await daemon.signal("SIGCONT");
    await agrees(20_000);
    expect(vmNamed("lasting")).toMatchObject({ id: before.id, state: "running", stateSince: before.stateSince });
  },
);

it("a daemon killed in the middle of many actions leaves each of them done once or named", { timeout: 180_000 }, async () => {
  const xml = join(daemon.folder, "many.xml");
  for (let i = 0; i < 12; i++) {
    await writeFile(
      xml,
      `<domain type='qemu'><name>many-${i}</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`,
    );
    await virsh("define", xml);
  }
  await agrees(10_000);
  const task = await lab.plane.tasks.create({ request: { do: "vm.start", select: "name=many-*" }, reason: "", account: "lab" });
  await until("some are started", async () => (await lab.plane.tasks.get(task.id)).steps.filter((step) => step.state === "succeeded").length >= 2, 60_000);
  await daemon.signal("SIGKILL");
  await daemon.run();
  const ended = await lab.ended(task.id);
  await agrees(20_000);
  for (const [i, step] of ended.steps.entries()) {
    const vm = lab.plane.estate.get("vm", ended.plan.steps[i]!.target.id!)!;
    if (step.state === "succeeded") expect(vm.state, JSON.stringify(step)).toBe("running");
    else expect(step.failure, JSON.stringify(step)).toMatchObject({ code: expect.any(String), remedy: expect.any(String) });
  }
  expect(ended.steps.filter((step) => step.state === "succeeded").length).toBeGreaterThanOrEqual(2);
});
