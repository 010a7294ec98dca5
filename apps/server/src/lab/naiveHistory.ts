import type { Event } from "@polyvisor/model";
import fc from "fast-check";
import type { EstateObject } from "../controlPlane.ts";
import { fieldChanges } from "../history/fieldChanges.ts";
import { aHost, aVm } from "./sampleObjects.ts";

// The log as a naive person would keep it, to hold the history against.

export const start = Date.parse("2026-01-01T00:00:00Z");
export const time = (second: number): string => new Date(start + second * 1000).toISOString();

/** One thing that happens: an object appears, gets another name, moves, or goes. */
export interface Happening {
  object: number;
  what: "name" | "state" | "move" | "gone";
  value: number;
  /** Seconds until the next. */
  pause: number;
}
export const happenings = fc.array(
  fc.record({ object: fc.nat(5), what: fc.constantFrom("name", "state", "move", "gone" as const), value: fc.nat(3), pause: fc.constantFrom(0, 0, 1, 5, 3600) }),
  { minLength: 1, maxLength: 60 },
) as fc.Arbitrary<Happening[]>;

/** The log as a naive person would keep it: every state after every change. */
export interface Naive {
  events: Omit<Event, "id">[];
  /** Seconds since the start at which something happened, rising. */
  times: number[];
  /** State of all objects after each event. */
  states: Map<string, EstateObject>[];
}

export const idOf = (n: number): string => (n < 2 ? `h-00000000000${n}` : `vm-00000000000${n}`);

export function play(list: readonly Happening[]): Naive {
  const naive: Naive = { events: [], times: [], states: [] };
  let now = new Map<string, EstateObject>();
  let second = 0;
  for (const { object, what, value, pause } of list) {
    const id = idOf(object);
    const before = now.get(id);
    let after: EstateObject | undefined;
    if (what !== "gone") {
      const base = before ?? (object < 2 ? aHost(id, { revision: 0 }) : aVm(id, idOf(0), { revision: 0 }));
      after = { ...base, revision: base.revision + 1, name: what === "name" ? `name-${value}` : base.name } as EstateObject;
      if (after.kind === "vm" && what === "state") after.state = value % 2 ? "running" : "off";
      if (after.kind === "vm" && what === "move") after.hostId = idOf(value % 2);
    }
    if (!before && !after) continue;
    const next = new Map(now);
    if (after) next.set(id, after);
    else next.delete(id);
    const fields = before && after ? fieldChanges(before, after).map((change) => change.field) : [];
    const event: Omit<Event, "id"> = {
      at: time(second),
      type: !before ? "created" : after ? "changed" : "deleted",
      kind: object < 2 ? "host" : "vm",
      objectId: id,
      fields,
    };
    if (after) event.object = after;
    naive.events.push(event);
    naive.times.push(second);
    naive.states.push(next);
    now = next;
    second += pause;
  }
  return naive;
}

export const stateAt = (naive: Naive, second: number): Map<string, EstateObject> =>
  naive.states[naive.times.findLastIndex((each) => each <= second)] ?? new Map<string, EstateObject>();

export function naiveDifferences(before: ReadonlyMap<string, EstateObject>, after: ReadonlyMap<string, EstateObject>): Map<string, unknown> {
  const out = new Map<string, unknown>();
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(id), after.get(id)];
    const fields = was && is ? fieldChanges(was, is) : [];
    if (!was || !is || fields.length > 0) out.set(id, fields);
  }
  return out;
}
