import { setImmediate as turn } from "node:timers/promises";
import type { Event } from "@polyvisor/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { until } from "../lab/until.ts";
import { EventLog } from "./eventLog.ts";

const event = (id: number): Event => ({
  id: String(id),
  at: "2026-01-01T00:00:00.000Z",
  type: "changed",
  kind: id % 3 === 0 ? "host" : "vm",
  objectId: `o-${id % 7}`,
  fields: ["state"],
});
const events = (from: number, count: number): Event[] => Array.from({ length: count }, (_, i) => event(from + i));
/** Nothing here goes to the table: all is in the ring. */
const newLog = (): EventLog => new EventLog(undefined as never, 0, 1, () => 0);

/** Reads until the id is there. */
async function read(log: EventLog, query: { since?: string; kinds?: ReadonlySet<Event["kind"]> }, upTo: number): Promise<(readonly Event[])[]> {
  const stop = new AbortController();
  const out: (readonly Event[])[] = [];
  for await (const run of log.runs({ ...query, signal: stop.signal })) {
    out.push(run);
    if (Number(run.at(-1)!.id) >= upTo) stop.abort();
  }
  return out;
}

test("what comes alone is told at once; for many readers what comes right after it goes out together", async () => {
  const log = newLog();
  const readings = Array.from({ length: 100 }, () => read(log, {}, 10));
  await turn();
  for (let id = 1; id <= 10; id++) log.publish([event(id)]);
  const [[first, ...rest]] = (await Promise.all(readings)) as [(readonly Event[])[]];
  expect(first!.map(({ id }) => id)).toEqual(["1"]);
  expect(rest.flat().map(({ id }) => Number(id))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(rest.length).toBeLessThan(9);
});

test("a few readers are told of each commit at once", async () => {
  const log = newLog();
  const reading = read(log, {}, 3);
  for (let id = 1; id <= 3; id++) {
    await turn();
    log.publish([event(id)]);
  }
  expect((await reading).map((run) => run.map(({ id }) => id))).toEqual([["1"], ["2"], ["3"]]);
});

test("readers of the same kinds get the very same arrays, so that their bytes are made once", async () => {
  const log = newLog();
  const [a, b, some, others] = [read(log, {}, 300), read(log, {}, 300), read(log, { kinds: new Set(["vm"]) }, 299), read(log, { kinds: new Set(["vm"]) }, 299)];
  await turn();
  for (let id = 1; id <= 300; id += 3) log.publish(events(id, 3));
  const runs = await a;
  for (const [i, run] of (await b).entries()) expect(run).toBe(runs[i]);
  const ofVms = await some;
  for (const [i, run] of (await others).entries()) expect(run).toBe(ofVms[i]);
  expect(ofVms.flat().length).toBe(200);
});

test("nobody misses an event or hears one twice, whenever he comes and wherever he resumes", async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ publish: fc.integer({ min: 1, max: 400 }) }) },
    fc.record({ join: fc.nat(1_000) }),
    fc.constant("turn" as const),
    fc.constant("wait" as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const log = newLog();
      let last = 0;
      const readers: { since: number; got: number[] }[] = [];
      const stop = new AbortController();
      const follow = (since: number | undefined): void => {
        const got: number[] = [];
        readers.push({ since: since ?? last, got });
        void (async () => {
          for await (const run of log.runs({ ...(since === undefined ? {} : { since: String(since) }), signal: stop.signal }))
            got.push(...run.map(({ id }) => Number(id)));
        })();
      };
      for (const each of steps) {
        if (each === "turn") await turn();
        else if (each === "wait") await new Promise((resolve) => setTimeout(resolve, 11));
        else if ("publish" in each) {
          log.publish(events(last + 1, each.publish));
          last += each.publish;
        } else {
          follow(Math.min(each.join, last));
          follow(undefined);
        }
      }
      await until("all events", () => readers.every(({ since, got }) => got.length >= last - since));
      stop.abort();
      log.close();
      for (const { since, got } of readers) expect(got).toEqual(Array.from({ length: last - since }, (_, i) => since + i + 1));
    }),
    { numRuns: 60 },
  );
});
