import type { Event, Network } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventSieve } from "./eventSieve.ts";
import type { LiveKind, LiveObject } from "./liveObject.ts";
import { LiveStore, type ListPage } from "./liveStore.ts";
import { pieceSize, type WindowQuery } from "./liveWindow.ts";

const byName = (a: Network, b: Network): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1);

/** A server, a stream and a page, each step of which happens when the test says so. */
class World {
  readonly objects = new Map<string, Network>();
  /** Sent, and not yet arrived. */
  events: Event[] = [];
  readonly sieve = new EventSieve();
  readonly store: LiveStore;
  #asked: { answer(): void }[] = [];
  #answered: (() => void)[] = [];
  #timers: (() => void)[] = [];
  #frames: (() => void)[] = [];
  #revision = 0;
  #made = 0;

  constructor() {
    this.store = new LiveStore({
      list: (query, offset, limit) => this.#ask(() => this.page(query, offset, limit)),
      get: (_kind: LiveKind, id) =>
        this.#ask(() => {
          const found = this.objects.get(id);
          if (!found) throw Object.assign(new Error("gone"), { problem: { code: "notFound" } });
          return found as LiveObject;
        }),
      keep: (objects) => this.sieve.keep(objects),
      release: (ids) => this.sieve.release(ids),
      frame: (fn) => this.#frames.push(fn),
      after: (_ms, fn) => this.#timers.push(fn),
    });
  }

  page(query: WindowQuery, offset: number, limit: number): ListPage {
    const wanted = [...this.objects.values()].filter(({ forward }) => query.filter === undefined || query.filter === `type = ${forward}`).sort(byName);
    return { items: wanted.slice(offset, offset + limit), total: wanted.length };
  }

  #ask<T>(read: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#asked.push({
        answer: () => {
          let done: () => void;
          try {
            const value = read();
            done = () => resolve(value);
          } catch (error) {
            done = () => reject(error as Error);
          }
          this.#answered.push(done);
        },
      });
    });
  }

  create(name: string, forward: string): void {
    const id = `net-${this.#made++}`;
    const object = { kind: "network", id, name, forward, revision: ++this.#revision } as Network;
    this.objects.set(id, object);
    this.#send("created", object.id, [], object);
  }
  change(n: number, change: Partial<Network>): void {
    const id = [...this.objects.keys()][n % Math.max(1, this.objects.size)];
    if (id === undefined) return;
    const object = { ...this.objects.get(id)!, ...change, revision: ++this.#revision };
    this.objects.set(id, object);
    this.#send("changed", id, Object.keys(change), object);
  }
  remove(n: number): void {
    const id = [...this.objects.keys()][n % Math.max(1, this.objects.size)];
    if (id === undefined) return;
    this.objects.delete(id);
    this.#send("deleted", id, []);
  }
  #send(type: Event["type"], objectId: string, fields: string[], object?: Network): void {
    this.events.push({ id: String(this.#revision), at: "", type, kind: "network", objectId, fields, ...(object ? { object } : {}) });
  }

  /** The server looks for the answer of the oldest question; it is on its way then. */
  answer(n = 0): void {
    this.#asked.splice(n % Math.max(1, this.#asked.length), 1)[0]?.answer();
  }
  async arrive(n = 0): Promise<void> {
    this.#answered.splice(n % Math.max(1, this.#answered.length), 1)[0]?.();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
  deliver(): void {
    const event = this.events.shift();
    if (event) this.sieve.take(event);
  }
  flush(): void {
    const batch = this.sieve.flush();
    if (batch) this.store.apply(batch);
  }
  tick(): void {
    this.#timers.shift()?.();
  }
  draw(): void {
    for (const fn of this.#frames.splice(0)) fn();
  }
  /** The connection was lost for so long that the server does not know what was missed. */
  forget(): void {
    this.events = [];
    this.sieve.begin();
  }
  async settle(): Promise<void> {
    for (let round = 0; round < 10_000; round++) {
      const quiet = this.events.length + this.#asked.length + this.#answered.length + this.#timers.length + this.#frames.length === 0;
      const batch = this.sieve.flush();
      if (batch) this.store.apply(batch);
      else if (quiet) return;
      while (this.events.length > 0) this.deliver();
      while (this.#asked.length > 0) this.answer();
      while (this.#answered.length > 0) await this.arrive();
      for (const timer of this.#timers.splice(0)) timer();
      this.draw();
    }
    throw new Error("it never comes to rest");
  }
}

const forward = fc.constantFrom("nat", "bridge");
const which = fc.nat(150);
/** What happens to the objects, and what happens on the way to the page; the ways are where the trouble is. */
const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: fc.constant("create" as const), name: fc.string({ maxLength: 3 }), forward }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rename" as const), n: which, name: fc.string({ maxLength: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("move" as const), n: which, forward }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), n: which }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("answer" as const, "arrive" as const), n: fc.nat(9) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("deliver" as const, "flush" as const, "tick" as const, "draw" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("scroll" as const), from: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const) }) },
);

describe("pages of lists and events", () => {
  it("end in the server's state, in whatever order they come", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), fc.nat(150), fc.boolean(), async (steps, before, filtered) => {
        const world = new World();
        for (let i = 0; i < before; i++) world.create(`n${(i * 37) % 100}`, i % 3 === 0 ? "nat" : "bridge");
        world.events = []; // from before the stream began
        const query: WindowQuery = { kind: "network", ...(filtered ? { filter: "type = nat" } : {}) };
        const window = world.store.window(query);
        const view = {};
        window.subscribe(view, () => undefined);
        window.want(view, 0, 40);
        let shown: [number, number] = [0, 40];
        for (const each of steps) {
          switch (each.do) {
            case "create":
              world.create(each.name, each.forward);
              break;
            case "rename":
              world.change(each.n, { name: each.name });
              break;
            case "move":
              world.change(each.n, { forward: each.forward });
              break;
            case "remove":
              world.remove(each.n);
              break;
            case "answer":
              world.answer(each.n);
              break;
            case "arrive":
              await world.arrive(each.n);
              break;
            case "scroll":
              shown = [each.from, each.from + 40];
              window.want(view, ...shown);
              break;
            default:
              world[each.do]();
          }
        }
        await world.settle();
        const { items, total } = world.page(query, 0, Infinity);
        expect(window.total).toBe(total);
        for (let index = shown[0]; index < Math.min(shown[1], total); index++) {
          const id = window.idAt(index);
          expect(id).toBe(items[index]!.id);
          expect(world.store.object(id!)).toEqual(items[index]);
        }
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);

  it("of one object end in the server's state too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const world = new World();
        world.create("a", "nat");
        world.events = [];
        world.store.watch("network", "net-0", () => undefined);
        for (const each of steps) {
          if (each.do === "rename") world.change(0, { name: each.name });
          else if (each.do === "remove") world.remove(0);
          else if (each.do === "answer") world.answer(each.n);
          else if (each.do === "arrive") await world.arrive(each.n);
          else if (each.do === "deliver" || each.do === "flush" || each.do === "tick" || each.do === "draw" || each.do === "forget") world[each.do]();
        }
        await world.settle();
        const known = world.store.known("net-0");
        const real = world.objects.get("net-0");
        expect(known.state === "here" ? known.object : known.state).toEqual(real ?? "gone");
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);
});

it("tells who shows something once for a picture, however much came", async () => {
  const world = new World();
  world.create("a", "nat");
  world.events = [];
  let told = 0;
  world.store.watch("network", "net-0", () => told++);
  await world.settle();
  told = 0;
  for (let i = 0; i < 1_000; i++) world.change(0, { name: `n${i}` });
  while (world.events.length > 0) {
    world.deliver();
    world.flush();
  }
  expect(told).toBe(0);
  world.draw();
  expect(told).toBe(1);
  expect(world.store.object<"network">("net-0")?.name).toBe("n999");
});

it("finds by its name what somebody asked for so, and follows it", async () => {
  const world = new World();
  world.create("web", "nat");
  world.objects.set("web", world.objects.get("net-0")!);
  world.events = [];
  let told = 0;
  world.store.watch("network", "web", () => told++);
  await world.settle();
  expect(world.store.known("web")).toMatchObject({ state: "here", object: { id: "net-0" } });
  told = 0;
  world.change(0, { name: "other" });
  await world.settle();
  expect(told).toBe(1);
  expect(world.store.known("web")).toMatchObject({ object: { name: "other" } });
});

it("reads what is shown and no more", async () => {
  const world = new World();
  for (let i = 0; i < 1_000; i++) world.create(`n${i}`, "nat");
  world.events = [];
  const window = world.store.window({ kind: "network" });
  const view = {};
  window.subscribe(view, () => undefined);
  await world.settle();
  window.want(view, 450, 490);
  await world.settle();
  expect(window.idAt(460)).toBeDefined();
  expect(window.idAt(pieceSize + 1)).toBeUndefined();
});
