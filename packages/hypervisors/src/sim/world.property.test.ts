import { actionSchema, stateTable, verbs, type LifecycleAction, type VmFacts, type VmState } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hypervisor } from "../hypervisor.ts";
import { Follower, ordered } from "../conformance/follower.ts";
import { simKind } from "./simKind.ts";
import { simWorld, worldOf } from "./simWorld.ts";

const hosts = ["host-0001", "host-0002"];
const lifecycle = [
  "vm.start",
  "vm.shutdown",
  "vm.reboot",
  "vm.reset",
  "vm.pause",
  "vm.unpause",
  "vm.save",
  "vm.restore",
  "vm.destroy",
  "vm.wake",
  "vm.delete",
] as const;

/** The tiny reference: what a VM's state is after an action, by the state table and what is "so already" alone. */
const doneStates: Partial<Record<(typeof lifecycle)[number], VmState[]>> = {
  "vm.start": ["running", "blocked"],
  "vm.shutdown": ["off"],
  "vm.pause": ["paused"],
  "vm.unpause": ["running", "blocked"],
  "vm.save": ["saved"],
  "vm.restore": ["running", "blocked"],
  "vm.destroy": ["off"],
  "vm.wake": ["running", "blocked"],
};
function expected(state: VmState | undefined, verb: (typeof lifecycle)[number]): { code?: string; already?: boolean; next: VmState | undefined } {
  if (state === undefined) return verb === "vm.delete" ? { already: true, next: undefined } : { code: "notFound", next: undefined };
  if (doneStates[verb]?.includes(state)) return { already: true, next: state };
  const next = stateTable[state].actions[verb === "vm.restore" ? "restore" : (verbs[verb].lifecycle as LifecycleAction)];
  if (!next) return { code: "wrongState", next: state };
  return { next: verb === "vm.delete" ? undefined : next };
}

const which = fc.nat(5);
const where = fc.nat(1);
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("act" as const), verb: fc.constantFrom(...lifecycle), which, where }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("migrate" as const), which, where, live: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rename" as const), which, where, name: fc.constantFrom("a", "b", "c") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("edit" as const),
      which,
      where,
      apply: fc.constantFrom("now" as const, "nextStart" as const, "both" as const),
      mib: fc.integer({ min: 1, max: 40_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("drop" as const, "blink" as const, "powerCycle" as const), where }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("guest" as const),
      which,
      where,
      event: fc.constantFrom("crash" as const, "sleep" as const, "ioError" as const, "powerOff" as const),
    }),
  },
);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
let runs = 0;

describe("a simulated world", () => {
  it("obeys the state table, tells every change, and has each VM once, whatever is done to it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), async (steps, queue) => {
        const estate = `property-${runs++}`;
        const world = simWorld(estate);
        const connect = (host: string): Promise<Hypervisor> =>
          simKind.connect(new URL(`sim://${estate}/${host}?hosts=2&vms=3&seed=${runs % 7}&queue=${queue}`), {
            signal: new AbortController().signal,
            openTimeoutMs: 100,
            callTimeoutMs: 100,
          });
        const ends = await Promise.all(hosts.map(async (name) => ({ name, hypervisor: await connect(name) })));
        const followers = ends.map(({ hypervisor }) => new Follower(hypervisor));
        const all = (await Promise.all(ends.map(({ hypervisor }) => hypervisor.inventory())))
          .flatMap((inventory) => inventory.vms.map((vm) => vm.nativeId))
          .sort();
        const gone = new Set<string>();
        const facts = async (at: number, vm: string): Promise<VmFacts | undefined> =>
          (await ends[at]!.hypervisor.inventory()).vms.find((each) => each.nativeId === vm);
        const run = (at: number, action: unknown): Promise<{ code?: string; already?: boolean }> =>
          ends[at]!.hypervisor.run(actionSchema.parse(action), { signal: new AbortController().signal, progress: () => {} }).catch(
            (error: { code: string }) => error,
          );

        for (const one of steps) {
          const at = one.where;
          const vm = "which" in one ? all[one.which % all.length]! : "";
          const before = vm ? await facts(at, vm) : undefined;
          if (one.do === "act") {
            const want = expected(before?.state, one.verb);
            const got = await run(at, one.verb === "vm.delete" ? { verb: one.verb, vm, volumes: [] } : { verb: one.verb, vm });
            if (got.code !== "notEnoughMemory") {
              expect({ code: got.code, already: got.already }, `${one.verb} in ${before?.state}`).toEqual({ code: want.code, already: want.already });
              expect((await facts(at, vm))?.state, `after ${one.verb} in ${before?.state}`).toBe(want.next);
              if (one.verb === "vm.delete" && got.code === undefined && before) gone.add(vm);
            }
            if (got.code !== undefined) expect(await facts(at, vm)).toEqual(before);
          } else if (one.do === "migrate") {
            const got = await run(at, { verb: "vm.migrate", vm, to: hosts[1 - at]!, live: one.live });
            if (got.code === undefined && !got.already) expect([await facts(at, vm), (await facts(1 - at, vm))?.state]).toEqual([undefined, before!.state]);
            else expect(await facts(at, vm)).toEqual(before);
          } else if (one.do === "rename") {
            const got = await run(at, { verb: "vm.rename", vm, name: one.name });
            if (got.code === undefined) expect((await facts(at, vm))!.name).toBe(one.name);
            else expect(await facts(at, vm)).toEqual(before);
          } else if (one.do === "edit") {
            const got = await run(at, { verb: "vm.setMemory", vm, current: one.mib * 1024 ** 2, apply: one.apply });
            if (got.code !== undefined) expect(await facts(at, vm)).toEqual(before);
          } else if (one.do === "guest") {
            if (before?.state === "running" || before?.state === "blocked") world.host(hosts[at]!).guest(vm, one.event);
          } else {
            const control = world.host(hosts[at]!);
            if (one.do === "blink") {
              control.hang();
              const call = ends[at]!.hypervisor.inventory();
              control.unhang();
              expect((await call).vms.length).toBeGreaterThanOrEqual(0);
            } else {
              if (one.do === "drop") control.drop();
              else {
                control.kill();
                control.revive();
              }
              expect(await ends[at]!.hypervisor.closed).toMatchObject({ code: "hostUnreachable" });
              ends[at]!.hypervisor = await connect(hosts[at]!);
              followers[at] = new Follower(ends[at]!.hypervisor);
            }
          }
        }

        await turn();
        const inventories = await Promise.all(ends.map(({ hypervisor }) => hypervisor.inventory()));
        for (const [i, inventory] of inventories.entries()) expect(followers[i]!.known(), "replay of changes").toEqual(ordered(inventory));
        expect(inventories.flatMap((inventory) => inventory.vms.map((vm) => vm.nativeId)).sort()).toEqual(all.filter((vm) => !gone.has(vm)));
        expect(worldOf(estate).vmCount).toBe(all.length - gone.size);
        for (const [i, inventory] of inventories.entries()) {
          expect(new Set(inventory.vms.map((vm) => vm.name)).size, "names").toBe(inventory.vms.length);
          for (const vm of inventory.vms) expect(world.hostOf(vm.nativeId)).toBe(hosts[i]);
          const used = inventory.vms.reduce((sum, vm) => sum + (stateTable[vm.state].active ? vm.memory.current : 0), 0);
          expect(used, "memory").toBeLessThanOrEqual(inventory.host.memory);
        }
        world.reset();
      }),
      { numRuns: 150 },
    );
  });

  it("has each VM once and tells every change also when actions overlap, wait, are cancelled and lose their connection", async () => {
    const overlap = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant("act" as const),
          verb: fc.constantFrom(...lifecycle),
          which,
          where,
          cancelAfter: fc.option(fc.integer({ min: 1, max: 60 })),
        }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("migrate" as const), which, where, live: fc.boolean() }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("create" as const), n: fc.nat(2), name: fc.constantFrom("x", "y"), where }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("rename" as const), which, where, name: fc.constantFrom("x", "y") }) },
      { weight: 5, arbitrary: fc.record({ do: fc.constant("wait" as const), where, ms: fc.integer({ min: 1, max: 80 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("drop" as const, "hang" as const, "unhang" as const, "powerCycle" as const), where }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(overlap, { maxLength: 30 }), async (steps) => {
        const estate = `overlap-${runs++}`;
        const world = simWorld(estate);
        const connect = (host: string): Promise<Hypervisor> =>
          simKind.connect(new URL(`sim://${estate}/${host}?hosts=2&vms=3&seed=${runs % 7}&fault=delay:vm.*:40&fault=lose:vm.start:0.2&fault=fail:vm.*:0.1`), {
            signal: new AbortController().signal,
            openTimeoutMs: 100,
            callTimeoutMs: 1000,
          });
        const ends = await Promise.all(hosts.map(connect));
        const all = (await Promise.all(ends.map((end) => end.inventory()))).flatMap((inventory) => inventory.vms.map((vm) => vm.nativeId));
        world.freezeTime();
        const underWay: Promise<unknown>[] = [];
        const run = (at: number, action: unknown, signal = new AbortController().signal): void =>
          void underWay.push(
            ends[at]!.run(actionSchema.parse(action), { signal, progress: () => {} }).catch((error: { code?: string }) =>
              expect(error.code, String(error)).toBeDefined(),
            ),
          );
        for (const one of steps) {
          const at = one.where;
          const control = world.host(hosts[at]!);
          const vm = "which" in one ? all[one.which % all.length]! : "";
          if (one.do === "act") {
            const stop = new AbortController();
            if (one.cancelAfter !== null) worldOf(estate).schedule.after(one.cancelAfter, () => stop.abort());
            run(at, one.verb === "vm.delete" ? { verb: one.verb, vm, volumes: [] } : { verb: one.verb, vm }, stop.signal);
          } else if (one.do === "migrate") run(at, { verb: "vm.migrate", vm, to: hosts[1 - at]!, live: one.live, copyStorage: true });
          else if (one.do === "create") run(at, { verb: "vm.create", vm: `00000000-0000-4000-8000-00000000000${one.n}`, spec: { name: one.name } });
          else if (one.do === "rename") run(at, { verb: "vm.rename", vm, name: one.name });
          else if (one.do === "wait") await world.advance(one.ms);
          else if (one.do === "hang") control.hang();
          else if (one.do === "unhang") control.unhang();
          else {
            if (one.do === "powerCycle") control.kill();
            control.revive();
            if (one.do === "drop") control.drop();
            ends[at] = await connect(hosts[at]!);
          }
        }
        for (const host of hosts) world.host(host).unhang();
        await world.advance(100_000);
        await Promise.all(underWay);
        const followers = await Promise.all(
          hosts.map(async (host) => ({ host, end: await connect(host) })).map(async (made) => ({ ...(await made), follower: new Follower((await made).end) })),
        );
        await turn();
        const found: string[] = [];
        for (const { host, end, follower } of followers) {
          const inventory = await end.inventory();
          expect(follower.known()).toEqual(ordered(inventory));
          expect(new Set(inventory.vms.map((vm) => vm.name)).size, "names").toBe(inventory.vms.length);
          for (const vm of inventory.vms) expect(world.hostOf(vm.nativeId), vm.name).toBe(host);
          found.push(...inventory.vms.map((vm) => vm.nativeId));
        }
        expect(new Set(found).size).toBe(found.length);
        expect(worldOf(estate).vmCount).toBe(found.length);
        world.reset();
      }),
      { numRuns: 150 },
    );
  });
});
