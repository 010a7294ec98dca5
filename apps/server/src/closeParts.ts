import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "./cluster/cluster.ts";
import type { EventLog } from "./events/eventLog.ts";
import type { Housekeeping } from "./events/housekeeping.ts";
import type { Journal } from "./events/journal.ts";
import type { Hosts } from "./hosts/hosts.ts";
import type { Sampler } from "./samples/sampler.ts";
import type { TaskKeys } from "./tasks/taskKeys.ts";
import type { Tasks } from "./tasks/tasks.ts";

/** What of a control plane holds something open: all of it, or what was made before a start failed. */
export interface Parts {
  tasks?: Tasks;
  keys?: TaskKeys;
  cluster?: Cluster;
  hosts?: Hosts;
  follower?: { close(): Promise<void> };
  journal?: Journal;
  sampler?: Sampler;
  housekeeping?: Housekeeping;
  events?: EventLog;
}

/**
 * Closes them in the order in which they need each other. What fails keeps none of the others open.
 * @param graceMs how long running steps, and hosts that wait for the store, are waited for
 */
export async function closeParts({ tasks, keys, cluster, hosts, follower, journal, sampler, housekeeping, events }: Parts, graceMs: number): Promise<void> {
  const failures: unknown[] = [];
  const close = async (work: () => Promise<unknown> | void | undefined): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  };
  await close(() => tasks?.close(graceMs));
  await close(() => keys?.close());
  await close(() => cluster?.stop());
  // A host that waits for the store to take its changes waits no longer than the grace.
  const disconnected = close(() => hosts?.close());
  await Promise.race([disconnected, delay(graceMs, undefined, { ref: false })]);
  await close(() => follower?.close());
  await close(() => journal?.close());
  await disconnected;
  await close(() => cluster?.close()); // what was still to be written of its hosts is written
  await close(() => sampler?.close());
  await close(() => housekeeping?.close());
  await close(() => events?.close());
  if (failures.length > 0) throw failures[0];
}
