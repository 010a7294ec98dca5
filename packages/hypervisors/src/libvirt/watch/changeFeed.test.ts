import type { DatastoreFacts, Inventory } from "@polyvisor/model";
import { expect, it, vi } from "vitest";
import type { EndpointReader } from "../endpointReader.ts";
import { ChangeFeed } from "./changeFeed.ts";

const store = (name: string, available: number): DatastoreFacts => ({
  nativeId: name,
  name,
  type: "dir",
  active: true,
  autostart: true,
  capacity: 10,
  allocation: 0,
  available,
  volumes: [],
});

/** An endpoint with two datastores, whose reading can be made to fail. */
function endpoint() {
  const world = { stored: [store("a", 5), store("b", 5)], fails: false };
  const connection = { open: true, closed: new Promise(() => {}), events: { subscribe: () => () => {} } };
  const vms = { uuids: () => [], readOne: async (): Promise<undefined> => undefined };
  const reader = {
    session: { log: () => {}, register: async () => {}, call: {}, connection },
    inventory: async () => ({ host: {}, vms: [], networks: [], datastores: world.stored }) as unknown as Inventory,
    vms,
    datastores: { readAll: async () => (world.fails ? Promise.reject(new Error("b hangs")) : world.stored) },
    readAgentAddresses: async () => [],
  };
  return { reader: reader as unknown as EndpointReader, vms, world };
}

it("tells what differs from what was told, whoever read it and whatever failed since", async () => {
  const { reader, world } = endpoint();
  const feed = new ChangeFeed(reader, new AbortController());
  const changes = feed.run();
  expect((await changes.next()).value).toMatchObject({ type: "inventory" });
  world.stored = [store("a", 4)];
  world.fails = true;
  feed.happened({ kind: "datastores", sizes: true });
  await feed.caughtUp();
  world.fails = false;
  feed.resume();
  expect((await changes.next()).value).toEqual({ type: "remove", kind: "datastore", nativeId: "b", cause: undefined });
  expect((await changes.next()).value).toEqual({ type: "upsert", kind: "datastore", facts: store("a", 4) });
  expect(feed.tellAll("datastore", world.stored)).toBe(false);
  await changes.return(undefined);
});

it("reads a storm of happenings in batches, so that an urgent call need not wait for all of it", async () => {
  const { reader, vms } = endpoint();
  let under = 0;
  let most = 0;
  let read = 0;
  vms.readOne = async () => {
    most = Math.max(most, ++under);
    await Promise.resolve();
    under--;
    read++;
    return undefined;
  };
  const feed = new ChangeFeed(reader, new AbortController());
  const changes = feed.run();
  for (let i = 0; i < 1_000; i++) feed.happened({ kind: "vm", dom: { uuid: `u${i}`, name: `vm-${i}`, id: i } });
  await changes.next();
  await vi.waitFor(() => expect(read).toBe(1_000), { timeout: 10_000 });
  expect(most).toBe(128);
  await changes.return(undefined);
});
