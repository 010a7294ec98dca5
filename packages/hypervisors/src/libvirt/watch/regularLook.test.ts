import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { EndpointReader } from "../endpointReader.ts";
import type { ChangeFeed } from "./changeFeed.ts";
import type { Happening } from "./endpointEvents.ts";
import { RegularLook } from "./regularLook.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** An endpoint with one VM that is edited all the time, and datastores that never answer. */
function hanging(): { reader: EndpointReader; asked: { agents: number; datastores: number } } {
  const dom = { uuid: "u", name: "vm", id: 1 };
  const never = new Promise<never>(() => {});
  const asked = { agents: 0, datastores: 0 };
  const reader = {
    session: { log: () => {}, connection: { open: true } },
    vms: { changedSince: async () => ({ changed: [], gone: [], all: [dom] }), edited: async () => true },
    networks: { changes: async () => [] },
    datastores: {
      changes: () => {
        asked.datastores++;
        return never;
      },
    },
    readAgentAddresses: () => {
      asked.agents++;
      return never;
    },
  };
  return { reader: reader as unknown as EndpointReader, asked };
}

it("finds edits of VMs every 3 s, even where a datastore never answers; asks that once, and nobody after the end", async () => {
  const happenings: Happening[] = [];
  const feed = { happened: (each: Happening) => happenings.push(each), resume: () => {}, tellCollection: () => false, retell: () => {} };
  const { reader, asked } = hanging();
  const look = new RegularLook(reader, feed as unknown as ChangeFeed, new AbortController().signal);
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
