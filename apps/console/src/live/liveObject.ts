import type { Datastore, Event, Host, Network, Task, Vm } from "@polyvisor/model";

/** A task without its plan and steps, as lists and the stream of events give it. */
export type TaskHead = Omit<Task, "plan" | "steps"> & Partial<Pick<Task, "plan" | "steps">>;

/** Objects that the store keeps, by kind. */
export interface LiveObjects {
  vm: Vm;
  host: Host;
  datastore: Datastore;
  network: Network;
  task: TaskHead;
}
export type LiveKind = keyof LiveObjects;
export type LiveObject = LiveObjects[LiveKind];
/** Kinds that lie in the tree and have lists with a filter. */
export type EstateKind = Exclude<LiveKind, "task">;
export const estateKinds = ["vm", "host", "datastore", "network"] as const satisfies EstateKind[];

/** An event without its object: what a live list of events shows. */
export type EventHead = Omit<Event, "object"> & { name?: string };
