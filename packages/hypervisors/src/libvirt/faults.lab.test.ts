import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { actionSchema } from "@polyvisor/model";
import type { Inventory } from "@polyvisor/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import { Follower, ordered } from "../conformance/follower.ts";
import type { ActionInput } from "../conformance/workshop.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { libvirtKind } from "./libvirtKind.ts";

const run = promisify(execFile);
let daemon: PrivateLibvirtd;
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
});
afterAll(async () => {
  for (const each of open) await each.close();
  await daemon[Symbol.asyncDispose]();
});

const uriOf = (driver: string): string => `${driver === "test" ? "test:///default" : "qemu:///session"}?socket=${daemon.socket}`;
async function connect(driver: "test" | "qemu", options: { openTimeoutMs?: number; callTimeoutMs?: number } = {}): Promise<Hypervisor> {
  const hypervisor = await libvirtKind.connect(new URL(uriOf(driver)), {
    signal: new AbortController().signal,
    openTimeoutMs: 20_000,
    callTimeoutMs: 30_000,
    ...options,
  });
  open.push(hypervisor);
  return hypervisor;
}
const virsh = (...args: string[]): Promise<unknown> => run("virsh", ["-q", "-c", `test+unix:///default?socket=${daemon.socket}`, ...args]);
const act = (hypervisor: Hypervisor, action: ActionInput): ReturnType<Hypervisor["run"]> =>
  hypervisor.run(actionSchema.parse(action), { signal: AbortSignal.timeout(60_000), progress: () => {} });

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
const text = (inventory: Inventory): string => JSON.stringify(ordered(inventory));

describe("what virsh does behind our back", () => {
  let here: Hypervisor;
  let follower: Follower;
  beforeAll(async () => {
    here = await connect("test");
    follower = new Follower(await connect("test"));
    open.push({ close: () => follower.stop() });
    await until("the first inventory", () => follower.inventories > 0);
  });
  const vm = (): string => [...follower.vms.values()].find(({ name }) => name === "test" || name === "renamed")?.nativeId ?? "";
  const same = async (): Promise<boolean | undefined> => text(follower.known()) === text(await here.inventory()) || undefined;

  it.each<[string, string[][]]>([
    [
      "pausing and resuming",
      [
        ["suspend", "test"],
        ["resume", "test"],
      ],
    ],
    ["memory at rest, which has no event", [["setmaxmem", "test", "9000000", "--config"]]],
    ["vCPUs at rest, which have no event", [["setvcpus", "test", "1", "--config"]]],
    ["autostart, which has no event", [["autostart", "test"]]],
    ["a title", [["desc", "test", "--title", "--config", "--live", "Another title"]]],
    ["a volume, which has no event", [["vol-create-as", "default-pool", "behind.img", "1M"]]],
    ["a network that stops", [["net-destroy", "default"]]],
    ["a network that starts", [["net-start", "default"]]],
    [
      "a pool that comes",
      [
        ["pool-define-as", "second", "dir", "--target", "/second"],
        ["pool-start", "second"],
      ],
    ],
    [
      "a pool that goes",
      [
        ["pool-destroy", "second"],
        ["pool-undefine", "second"],
      ],
    ],
    ["power cut", [["destroy", "test"]]],
    [
      "a snapshot at rest, which has no event",
      [
        ["snapshot-create-as", "test", "one"],
        ["snapshot-create-as", "test", "two"],
      ],
    ],
    [
      "a snapshot deleted, which has no event",
      [
        ["snapshot-delete", "test", "two"],
        ["snapshot-delete", "test", "one"],
      ],
    ],
    [
      "a new name",
      [
        ["domrename", "test", "renamed"],
        ["domrename", "renamed", "test"],
      ],
    ],
    [
      "saved memory",
      [
        ["start", "test"],
        ["managedsave", "test"],
      ],
    ],
    ["saved memory thrown away", [["managedsave-remove", "test"]]],
    ["starting", [["start", "test"]]],
    ["undefining while it runs", [["undefine", "test"]]],
  ])("is told: %s", async (_, commands) => {
    const before = text(await here.inventory());
    for (const command of commands) await virsh(...command);
    const after = text(await here.inventory());
    // Some come and go again within the case: then only that both agree counts.
    if (commands.length === 1) expect(after).not.toBe(before);
    await until("the change to be told exactly", same);
  });

  it("is told: a VM of the same name, made again", async () => {
    const old = vm();
    expect(follower.vms.get(old)).toMatchObject({ persistent: false, state: "running" });
    await virsh("destroy", "test");
    await until("the transient VM to go", () => !follower.vms.has(old));
    const id = randomUUID();
    await act(here, { verb: "vm.define", vm: id, definition: "<domain type='test'><name>test</name><memory>1024</memory><os><type>hvm</type></os></domain>" });
    await until("the new one", () => follower.vms.get(id));
    expect([...follower.vms.values()].filter(({ name }) => name === "test").map(({ nativeId }) => nativeId)).toEqual([id]);
    await until("both to agree", same);
  });

  it("is told too where an inventory of the same connection found it first", async () => {
    const alone = await connect("test");
    const mine = new Follower(alone);
    open.push({ close: () => mine.stop() });
    await until("the first inventory", () => mine.inventories > 0);
    const id = randomUUID();
    await virsh(
      "define",
      daemon.file("found.xml", `<domain type='test'><name>found</name><uuid>${id}</uuid><memory>1024</memory><os><type>hvm</type></os></domain>`),
    );
    await until("the new one", () => mine.vms.get(id));
    await virsh("autostart", "found");
    await virsh("vol-create-as", "default-pool", "found.img", "1M");
    const found = await alone.inventory();
    expect(found.vms.find(({ nativeId }) => nativeId === id)?.autostart).toBe(true);
    await until("the autostart to be told", () => mine.vms.get(id)?.autostart);
    await until("all to agree", () => text(mine.known()) === text(found) || undefined);
    await virsh("undefine", "found");
    await alone.inventory();
    await until("the end to be told", () => !mine.vms.has(id));
  });

  it("is told to a second consumer, where the first had given up before it began", async () => {
    const alone = await connect("test");
    for await (const change of alone.changes(AbortSignal.abort())) expect.unreachable(change.type);
    const mine = new Follower(alone);
    open.push({ close: () => mine.stop() });
    await until("the first inventory", () => mine.inventories > 0);
  });

  it("leaves an action that comes too late with a named error", async () => {
    const id = randomUUID();
    await act(here, { verb: "vm.define", vm: id, definition: "<domain type='test'><name>late</name><memory>1024</memory><os><type>hvm</type></os></domain>" });
    await virsh("undefine", "late");
    await expect(act(here, { verb: "vm.start", vm: id })).rejects.toMatchObject({ code: "notFound" });
    expect(await act(here, { verb: "vm.delete", vm: id, volumes: [] })).toMatchObject({ already: true });
  });
});

describe("a daemon that fails", () => {
  it("hung, ends calls in time and a new connection too, with the place", async () => {
    const hypervisor = await connect("qemu", { callTimeoutMs: 1_000 });
    await daemon.signal("SIGSTOP");
    try {
      await expect(hypervisor.inventory()).rejects.toMatchObject({ code: "hostTimeout", detail: expect.stringContaining(daemon.socket) });
      await expect(connect("qemu", { openTimeoutMs: 1_000 })).rejects.toMatchObject({ code: "hostTimeout" });
    } finally {
      await daemon.signal("SIGCONT");
    }
    await until("it to answer again", () =>
      hypervisor.inventory().then(
        () => true,
        () => undefined,
      ),
    );
  });

  it("killed in the middle of calls, ends all of them at once; the next connection has the truth", async () => {
    const hypervisor = await connect("qemu");
    const id = randomUUID();
    await act(hypervisor, { verb: "vm.create", vm: id, spec: { name: "kept", memory: 64 * 1024 ** 2, title: "still there", acceleration: "emulated" } });
    const before = (await hypervisor.inventory()).vms;
    const follower = new Follower(hypervisor);
    await until("the first inventory", () => follower.inventories > 0);
    await daemon.signal("SIGSTOP");
    const calls = Promise.allSettled([
      hypervisor.inventory(),
      hypervisor.samples(),
      act(hypervisor, { verb: "vm.setAutostart", vm: id, on: true }),
      hypervisor.definition(id, "nextStart"),
    ]);
    await daemon.signal("SIGKILL");
    for (const outcome of await calls) expect(outcome).toMatchObject({ status: "rejected", reason: { code: "hostUnreachable" } });
    expect(await hypervisor.closed).toMatchObject({ code: "hostUnreachable" });
    await until("the end of the changes", () => follower.ended);
    expect(follower.ended?.error).toMatchObject({ code: "hostUnreachable" });
    await expect(connect("qemu", { openTimeoutMs: 5_000 })).rejects.toMatchObject({ code: "hostRefused" });
    await daemon.run();
    const again = await connect("qemu");
    const after = (await again.inventory()).vms;
    // Whether the interrupted call took effect cannot be known; everything else is as it was.
    const known = (vms: Inventory["vms"]): unknown => vms.map((vm) => ({ ...vm, autostart: "either" }));
    expect(known(after)).toEqual(known(before));
    await act(again, { verb: "vm.delete", vm: id, volumes: [] });
  });
});

describe("a URI that leads nowhere", () => {
  const attempt = (uri: string): Promise<unknown> =>
    libvirtKind.connect(new URL(uri), { signal: new AbortController().signal, openTimeoutMs: 5_000, callTimeoutMs: 5_000 });
  it.each([
    ["qemu:///system?socket=/nonexistent/socket", "hostRefused"],
    ["qemu+tcp://127.0.0.1:1/system", "hostRefused"],
    ["qemu+tcp://no-such-host.invalid/system", "hostNameUnknown"],
    ["qemu+ext://host/system", "badUri"],
  ])("%s is refused as %s", async (uri, code) => {
    await expect(attempt(uri)).rejects.toMatchObject({ code });
  });

  it("of a driver that the daemon has not is refused by name", async () => {
    await expect(attempt(`vbox:///session?socket=${daemon.socket}`)).rejects.toMatchObject({ code: "badUri", detail: expect.stringContaining("vbox") });
  });
});
