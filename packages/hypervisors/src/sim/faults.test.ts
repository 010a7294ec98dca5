import { actionSchema, type Action } from "@polyvisor/model";
import { afterEach, describe, expect, it } from "vitest";
import type { Hypervisor } from "../hypervisor.ts";
import { Follower } from "../conformance/follower.ts";
import { simKind } from "./simKind.ts";
import { simWorld, worldOf } from "./simWorld.ts";

const estate = "faults";
const world = simWorld(estate);
const uri = (more = "", host = "host-0001"): string => `sim://${estate}/${host}?hosts=2&vms=6&seed=5${more}`;
const connect = (more = "", host = "host-0001", signal = new AbortController().signal): Promise<Hypervisor> =>
  simKind.connect(new URL(uri(more, host)), { signal, openTimeoutMs: 500, callTimeoutMs: 1000 });
const run = (hypervisor: Hypervisor, action: unknown, signal = new AbortController().signal) =>
  hypervisor.run(actionSchema.parse(action) as Action, { signal, progress: () => {} });
/** Lets everything run that needs no time. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function vmIn(hypervisor: Hypervisor, ...states: string[]): Promise<string> {
  const vm = (await hypervisor.inventory()).vms.find((each) => states.includes(each.state));
  if (!vm) throw new Error(`no VM is ${states.join(" or ")}`);
  return vm.nativeId;
}
async function off(hypervisor: Hypervisor): Promise<string> {
  const vm = await vmIn(hypervisor, "running");
  await run(hypervisor, { verb: "vm.destroy", vm });
  return vm;
}

afterEach(() => world.reset());

describe("a connection that breaks", () => {
  it("settles `closed`, rejects what is under way and throws in its changes; the world goes on", async () => {
    const hypervisor = await connect("&fault=delay:vm.start:60000");
    const follower = new Follower(hypervisor);
    const vm = await off(hypervisor);
    const control = world.host("host-0001");
    world.freezeTime();
    const start = run(hypervisor, { verb: "vm.start", vm });
    const outcome = expect(start).rejects.toMatchObject({ code: "hostUnreachable" });
    await turn();
    control.drop();
    await outcome;
    expect(await hypervisor.closed).toMatchObject({ code: "hostUnreachable" });
    await turn();
    expect(follower.ended).toMatchObject({ error: { code: "hostUnreachable" } });
    await expect(hypervisor.inventory()).rejects.toMatchObject({ code: "hostUnreachable" });
    await world.advance(60_000);
    const again = await connect("");
    expect(await again.observe(actionSchema.parse({ verb: "vm.start", vm }))).toBe("done");
  });

  it("can break after the deed and before the answer, and the deed is found done", async () => {
    const hypervisor = await connect("&fault=lose:vm.create:1");
    const vm = "11111111-1111-4111-8111-111111111111";
    const create = { verb: "vm.create", vm, spec: { name: "lost" } };
    await expect(run(hypervisor, create)).rejects.toMatchObject({ code: "hostUnreachable" });
    const again = await connect();
    expect(await again.observe(actionSchema.parse(create))).toBe("done");
    expect(await run(again, create)).toMatchObject({ already: true });
    expect((await again.inventory()).vms.filter((each) => each.name === "lost")).toHaveLength(1);
  });

  it("breaks by rule after its time", async () => {
    world.host(uri());
    world.freezeTime();
    const hypervisor = await connect("&fault=drop:30");
    await world.advance(29_999);
    expect((await hypervisor.inventory()).vms).toHaveLength(6);
    await world.advance(1);
    expect(await hypervisor.closed).toMatchObject({ code: "hostUnreachable" });
  });
});

describe("a host that hangs", () => {
  it("answers nothing, tells nothing, and is given up after the call timeout", async () => {
    const hypervisor = await connect();
    const follower = new Follower(hypervisor);
    await turn();
    world.freezeTime();
    const vm = await vmIn(hypervisor, "running");
    world.host("host-0001").hang();
    const calls = [hypervisor.inventory(), hypervisor.samples(), run(hypervisor, { verb: "vm.pause", vm })].map((call) =>
      expect(call).rejects.toMatchObject({ code: "hostTimeout" }),
    );
    await world.host("host-0001").outside(actionSchema.parse({ verb: "vm.describe", vm, title: "unseen" }));
    await world.advance(999);
    expect(follower.seen).toHaveLength(1);
    await world.advance(1);
    await Promise.all(calls);
    expect(await hypervisor.closed).toMatchObject({ code: "hostTimeout" });
    const again = expect(connect()).rejects.toMatchObject({ code: "hostTimeout" });
    await turn();
    await world.advance(500);
    await again;
    world.host("host-0001").unhang();
    expect((await (await connect()).inventory()).vms.find((each) => each.nativeId === vm)).toMatchObject({ title: "unseen", state: "running" });
  });

  it("goes on where it was when it answers again in time", async () => {
    const hypervisor = await connect();
    const follower = new Follower(hypervisor);
    const vm = await vmIn(hypervisor, "running");
    world.freezeTime();
    world.host("host-0001").hang();
    const pause = run(hypervisor, { verb: "vm.pause", vm });
    await world.advance(500);
    world.host("host-0001").unhang();
    expect((await pause).message).toContain("paused");
    await turn();
    expect(follower.vms.get(vm)?.state).toBe("paused");
    await world.advance(10_000);
    expect(await Promise.race([hypervisor.closed, turn().then(() => "open")])).toBe("open");
  });

  it("lets a caller give up, and close", async () => {
    const hypervisor = await connect();
    world.freezeTime();
    world.host("host-0001").hang();
    const signal = new AbortController();
    const call = expect(hypervisor.inventory(signal.signal)).rejects.toMatchObject({ code: "cancelled" });
    const other = expect(hypervisor.inventory()).rejects.toMatchObject({ code: "hostUnreachable" });
    await turn();
    signal.abort();
    await call;
    await hypervisor.close();
    await other;
  });
});

describe("a host that cannot be reached", () => {
  it("says how, by rule or by what was done to it", async () => {
    for (const [rule, code] of [
      ["refuse", "hostRefused"],
      ["unreachable", "hostUnreachable"],
      ["auth", "hostAuthFailed"],
      ["fail:connect:1:hostTlsName", "hostTlsName"],
    ] as const)
      await expect(connect(`&fault=${rule}`), rule).rejects.toMatchObject({ code });
    const control = world.host("host-0001");
    control.refuse();
    await expect(connect()).rejects.toMatchObject({ code: "hostRefused" });
    control.accept();
    expect((await connect()).features["vm.start"]).toEqual({ supported: true });
  });

  it("lets the caller give up the attempt", async () => {
    world.host(uri());
    world.freezeTime();
    const signal = new AbortController();
    const attempt = expect(connect("&fault=hang", "host-0001", signal.signal)).rejects.toMatchObject({ code: "cancelled" });
    await turn();
    signal.abort();
    await attempt;
  });
});

describe("a host that loses its power", () => {
  it("takes its VMs with it, each still there exactly once, and starts those with autostart when it is back", async () => {
    const hypervisor = await connect();
    const before = (await hypervisor.inventory()).vms;
    const control = world.host("host-0001");
    control.kill();
    expect(await hypervisor.closed).toMatchObject({ code: "hostUnreachable" });
    await expect(connect()).rejects.toMatchObject({ code: "hostUnreachable" });
    control.revive();
    const after = (await (await connect()).inventory()).vms;
    expect(after.map((each) => each.nativeId).sort()).toEqual(before.map((each) => each.nativeId).sort());
    for (const vm of after) {
      const was = before.find((each) => each.nativeId === vm.nativeId)!;
      if (was.state === "off" || was.state === "running") expect(vm.state, vm.name).toBe(vm.autostart ? "running" : "off");
    }
  });

  it("does not finish what was under way", async () => {
    const hypervisor = await connect("&fault=delay:vm.start:1000");
    const vm = await off(hypervisor);
    await run(hypervisor, { verb: "vm.setAutostart", vm, on: false });
    world.freezeTime();
    const start = expect(run(hypervisor, { verb: "vm.start", vm })).rejects.toMatchObject({ code: "hostUnreachable" });
    await turn();
    world.host("host-0001").kill();
    await start;
    await world.advance(5000);
    world.host("host-0001").revive();
    expect((await (await connect()).inventory()).vms.find((each) => each.nativeId === vm)!.state).toBe("off");
  });
});

describe("a rule", () => {
  it("makes the same share of actions fail in every run, and changes nothing by it", async () => {
    const outcomes = async (): Promise<string> => {
      const hypervisor = await connect("&fault=fail:vm.describe:0.4:noSpace");
      const vm = await vmIn(hypervisor, "running");
      let text = "";
      for (let i = 0; i < 50; i++)
        text += await run(hypervisor, { verb: "vm.describe", vm, title: `t${i}` }).then(
          () => "+",
          (error: { code: string }) => (error.code === "noSpace" ? "-" : "?"),
        );
      world.reset();
      return text;
    };
    const first = await outcomes();
    expect(first.replaceAll("+", "").length).toBeGreaterThan(8);
    expect(first.replaceAll("-", "").length).toBeGreaterThan(15);
    expect(await outcomes()).toBe(first);
  });

  it("delays an action, which can be cancelled meanwhile and tells its progress", async () => {
    const hypervisor = await connect("&fault=delay:vm.start:10000");
    const vm = await off(hypervisor);
    world.freezeTime();
    const progress: number[] = [];
    const stop = new AbortController();
    const start = hypervisor.run(actionSchema.parse({ verb: "vm.start", vm }), { signal: stop.signal, progress: (fraction) => progress.push(fraction) });
    const refused = expect(start).rejects.toMatchObject({ code: "cancelled" });
    await world.advance(5000);
    expect(progress.at(-1)).toBe(0.5);
    stop.abort();
    await refused;
    await world.advance(60_000);
    expect((await hypervisor.inventory()).vms.find((each) => each.nativeId === vm)!.state).toBe("off");
  });

  it("finds the world changed after the wait and does not do it twice", async () => {
    const hypervisor = await connect("&fault=delay:vm.start:1000");
    const vm = await off(hypervisor);
    world.freezeTime();
    const start = run(hypervisor, { verb: "vm.start", vm });
    await world.advance(500);
    await world.host("host-0001").outside(actionSchema.parse({ verb: "vm.start", vm }));
    await world.advance(500);
    expect(await start).toMatchObject({ already: true });
  });

  it("slows calls down to their timeout", async () => {
    const hypervisor = await connect("&fault=delay:inventory:999999");
    world.freezeTime();
    const call = expect(hypervisor.inventory()).rejects.toMatchObject({ code: "hostTimeout" });
    await turn();
    await world.advance(1000);
    await call;
  });
});

describe("a guest", () => {
  it("that ignores the request to power off is told so after the time, and stays", async () => {
    const hypervisor = await connect("&stubborn=1");
    const vm = await vmIn(hypervisor, "running");
    world.freezeTime();
    const shutdown = expect(run(hypervisor, { verb: "vm.shutdown", vm, timeoutSeconds: 30 })).rejects.toMatchObject({ code: "hypervisorFailed" });
    await world.advance(30_000);
    await shutdown;
    expect((await hypervisor.inventory()).vms.find((each) => each.nativeId === vm)!.state).toBe("shuttingDown");
    await run(hypervisor, { verb: "vm.destroy", vm });
  });

  it("takes its time at a pace, seen as shutting down meanwhile", async () => {
    const hypervisor = await connect("&pace=1");
    const vm = await vmIn(hypervisor, "running");
    world.freezeTime();
    const shutdown = run(hypervisor, { verb: "vm.shutdown", vm });
    await world.advance(3999);
    expect((await hypervisor.inventory()).vms.find((each) => each.nativeId === vm)!.state).toBe("shuttingDown");
    await world.advance(1);
    expect(await shutdown).toMatchObject({ message: expect.stringContaining("powered itself off") });
  });

  it("is refused when the host has no memory for it", async () => {
    const hypervisor = await connect();
    const { memory } = (await hypervisor.inventory()).host;
    const vm = "22222222-2222-4222-8222-222222222222";
    await run(hypervisor, { verb: "vm.create", vm, spec: { name: "huge", memory } });
    await expect(run(hypervisor, { verb: "vm.start", vm })).rejects.toMatchObject({ code: "notEnoughMemory" });
    expect((await hypervisor.inventory()).vms.find((each) => each.nativeId === vm)!.state).toBe("off");
  });
});

describe("other tools", () => {
  it("change things by rule while someone watches, and stop when nobody does", async () => {
    world.host(uri());
    world.freezeTime();
    const hypervisor = await connect("&churn=3600");
    const follower = new Follower(hypervisor);
    await world.advance(120_000);
    expect(follower.seen.length).toBeGreaterThan(20);
    expect(follower.known().vms).toEqual((await hypervisor.inventory()).vms.toSorted((a, b) => (a.nativeId < b.nativeId ? -1 : 1)));
    await hypervisor.close();
    const seen = follower.seen.length;
    await world.advance(120_000);
    expect(follower.seen.length).toBe(seen);
    expect(worldOf(estate).schedule.size).toBe(0);
  });
});
