import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect, constants as c, type Calls } from "@polyvisor/protocol-libvirt";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PrivateLibvirtd } from "../../../../../tests/lab/privateLibvirtd.ts";
import type { RunContext } from "../../hypervisor.ts";
import { libvirtKind } from "../libvirtKind.ts";
import { Session } from "../session.ts";
import type { ActionTools } from "./actionTools.ts";
import { migrateAction } from "./migrateAction.ts";

const run = promisify(execFile);
const patience = { timeout: 30_000, interval: 20 };
const context: RunContext = { signal: new AbortController().signal, progress: () => {} };
let here: PrivateLibvirtd;
let there: PrivateLibvirtd;
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  [here, there] = await Promise.all([PrivateLibvirtd.start(), PrivateLibvirtd.start()]);
});
afterAll(async () => {
  for (const each of open) await each.close();
  await here[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
});

async function session(daemon: PrivateLibvirtd, callTimeoutMs: number): Promise<Session> {
  const uri = `test+unix:///default?socket=${daemon.socket}`;
  const options = { signal: context.signal, openTimeoutMs: 20_000, callTimeoutMs };
  const opened = new Session(await connect(uri, options), options, uri, "Test");
  open.push(opened);
  return opened;
}

it("an offline migration whose last answer does not come leaves the definition on the other host", async () => {
  const vm = randomUUID();
  const [keeper, source] = [await session(there, 30_000), await session(here, 1_000)];
  const { dom } = await source.call.domainDefineXml({
    xml: `<domain type='test'><name>moving</name><uuid>${vm}</uuid><memory>1024</memory><os><type>hvm</type></os></domain>`,
  });
  expect(dom.uuid).toBe(vm);
  // The source hangs when it is asked to forget the VM, in the first way that its driver knows.
  const hangs = {
    value: async (...args: Parameters<Calls["domainUndefineFlags"]>) => {
      if (((args[0].flags ?? 0) & c.VIR_DOMAIN_UNDEFINE_NVRAM) === 0) await here.signal("SIGSTOP");
      return source.call.domainUndefineFlags(...args);
    },
  };
  const hanging = Object.create(source, { call: { value: Object.create(source.call, { domainUndefineFlags: hangs }) as Calls } }) as Session;
  const tools = { session: hanging, connectTo: () => session(there, 30_000) } as unknown as ActionTools;
  try {
    const action = { verb: "vm.migrate", vm, to: keeper.endpoint, live: false, copyStorage: false } as const;
    await expect(migrateAction["vm.migrate"].run(tools, action, context)).rejects.toMatchObject({ kind: "timeout" });
  } finally {
    await here.signal("SIGCONT");
  }
  // What was asked of the source is carried out when it wakes: then the target has the only definition.
  await vi.waitFor(async () => expect(await source.findVm(vm)).toBeUndefined(), patience);
  expect((await keeper.findVm(vm))?.name).toBe("moving");
});

it("a datastore that cannot be started is deleted again where this made it, and only there", async () => {
  const uri = new URL(`qemu:///session?socket=${here.socket}`);
  const hypervisor = await libvirtKind.connect(uri, { signal: context.signal, openTimeoutMs: 20_000, callTimeoutMs: 30_000 });
  open.push(hypervisor);
  const names = async (): Promise<string[]> => (await hypervisor.inventory()).datastores.map(({ name }) => name);
  const make = (name: string) => hypervisor.run({ verb: "datastore.create", name, type: "dir", path: "/proc/never", autostart: false }, context);
  await run("virsh", ["-q", "-c", `qemu+unix:///session?socket=${here.socket}`, "pool-define-as", "theirs", "dir", "--target", "/proc/never"]);
  await expect(make("theirs")).rejects.toThrow();
  await expect(make("ours")).rejects.toThrow();
  expect(await names()).toEqual(["theirs"]);
});

it("a transfer of a volume ends with its signal though the host hangs, and leaves no connection where nobody reads", async () => {
  const uri = new URL(`qemu:///session?socket=${here.socket}`);
  const hypervisor = await libvirtKind.connect(uri, { signal: context.signal, openTimeoutMs: 20_000, callTimeoutMs: 30_000 });
  open.push(hypervisor);
  const size = 64 * 1024 ** 2;
  await hypervisor.run({ verb: "datastore.create", name: "store", type: "dir", path: join(here.folder, "store"), autostart: false }, context);
  await hypervisor.run({ verb: "volume.create", datastore: "store", volume: "v", capacity: size, format: "raw" }, context);
  const sockets = (): number => process.getActiveResourcesInfo().filter((each) => each === "PipeWrap").length;
  const before = sockets();

  const unread = await hypervisor.readVolume("store", "v", context.signal);
  expect(sockets()).toBe(before + 1);
  await unread[Symbol.asyncIterator]().return?.();
  await vi.waitFor(() => expect(sockets()).toBe(before), patience);

  const stop = new AbortController();
  let sent = 0;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (; sent < size; sent += 1024 ** 2) {
      yield new Uint8Array(1024 ** 2);
      if (sent === 0) await here.signal("SIGSTOP");
    }
  }
  try {
    const upload = hypervisor.writeVolume("store", "v", bytes(), size, stop.signal).catch((error: unknown) => error);
    let seen = -1;
    await vi.waitFor(() => {
      const stalled = sent > 0 && sent === seen;
      seen = sent;
      expect(stalled).toBe(true);
    }, patience);
    stop.abort();
    expect(await upload).toMatchObject({ code: "cancelled" });
  } finally {
    await here.signal("SIGCONT");
  }
  await vi.waitFor(() => expect(sockets()).toBe(before), patience);
});
