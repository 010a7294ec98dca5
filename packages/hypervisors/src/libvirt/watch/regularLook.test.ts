import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { EndpointReader } from "../endpointReader.ts";
import type { ChangeFeed } from "./changeFeed.ts";
import type { Happening } from "./endpointEvents.ts";
import { LookPace } from "./lookPace.ts";
import { RegularLook } from "./regularLook.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** An endpoint with one VM that is edited all the time, agents that never answer, and datastores that may not either. */
function endpoint(datastoresHang: boolean): { reader: EndpointReader; asked: { agents: number; datastores: number } } {
  const dom = { uuid: "u", name: "vm", id: 1 };
  const never = new Promise<never>(() => {});
  const asked = { agents: 0, datastores: 0 };
  const reader = {
    session: { log: () => {}, connection: { open: true }, call: { nodeGetInfo: async () => ({ memory: 1n, cpus: 1 }) } },
    vms: { uuids: () => [], changedSince: async () => ({ changed: [], gone: [], all: [dom] }), edited: async () => true },
    networks: { readAll: async () => [], readLeases: async () => new Set() },
    datastores: {
      readAll: () => {
        asked.datastores++;
        return datastoresHang ? never : Promise.resolve([]);
      },
    },
    readAgentAddresses: () => {
      asked.agents++;
      return never;
    },
  };
  return { reader: reader as unknown as EndpointReader, asked };
}

const happenings: Happening[] = [];
const feed = { happened: (each: Happening) => happenings.push(each), resume: () => {}, tellAll: () => false, retell: () => {} } as unknown as ChangeFeed;

it("asks all agents again only when the asking before has ended", async () => {
  const { reader, asked } = endpoint(false);
  const look = new RegularLook(reader, feed, new AbortController().signal);
  look.start();
  await vi.advanceTimersByTimeAsync(60_000 - 500);
  look.stop();
  expect(asked).toEqual({ agents: 1, datastores: 19 });
});

it("finds edits of VMs every 3 s, even where a datastore never answers; asks that once, and nobody after the end", async () => {
  happenings.length = 0;
  const { reader, asked } = endpoint(true);
  const look = new RegularLook(reader, feed, new AbortController().signal);
  look.start();
  await vi.advanceTimersByTimeAsync(30_500);
  expect(happenings.length).toBe(10);
  expect(asked.datastores).toBe(1);
  look.askAgent({ uuid: "u", name: "vm", id: 1 });
  look.stop();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(happenings.length).toBe(10);
});

it("looks less often where all endpoints together would take too much of a processor", async () => {
  happenings.length = 0;
  const { reader } = endpoint(false);
  const pace = new LookPace();
  const others = {};
  pace.weigh(others, 60_000);
  const look = new RegularLook(reader, feed, new AbortController().signal, pace);
  look.start();
  expect(pace.period).toBeGreaterThan(8_000);
  await vi.advanceTimersByTimeAsync(pace.period * 10);
  look.stop();
  expect(happenings.length).toBeGreaterThanOrEqual(9);
  expect(happenings.length).toBeLessThanOrEqual(11);
  pace.forget(others);
  expect(pace.period).toBe(3_000);
});
