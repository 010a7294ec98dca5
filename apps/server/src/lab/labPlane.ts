import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { requestSchema } from "@polyvisor/api";
import type { Event, Task } from "@polyvisor/model";
import { pino } from "pino";
import type { ControlPlane, ControlPlaneOptions, TaskOrder } from "../controlPlane.ts";
import { createControlPlane } from "../createControlPlane.ts";
import { openStore, type Store, type StorePlace } from "../store/openStore.ts";
import { makeDataFolder } from "./labServer.ts";

/** A control plane in this process without HTTP, for tests; it can be closed and opened again over the same store. */
export interface LabPlane {
  plane: ControlPlane;
  store: Store;
  folder: string;
  /** Orders and waits for the end. */
  run(request: unknown, more?: Partial<TaskOrder>): Promise<Task>;
  ended(id: string): Promise<Task>;
  reopen(): Promise<ControlPlane>;
  close(): Promise<void>;
}

export const labLog = pino({ level: process.env["LAB_LOG"] ?? "silent" }, pino.destination(2));

/** @param where the site's database by URL; a private one where absent */
export async function openLabPlane(where?: string, options: Partial<ControlPlaneOptions> = {}): Promise<LabPlane> {
  const folder = await makeDataFolder();
  const place: StorePlace = where === undefined ? { kind: "private", dataFolder: folder } : { kind: "url", url: where };
  const store = await openStore(place, labLog);
  const open = (): Promise<ControlPlane> =>
    createControlPlane({
      store,
      dataFolder: folder,
      log: labLog,
      serverId: "lab",
      secrets: { seal: (text, context) => Buffer.from(`${context} ${text}`), open: (sealed, context) => sealed.toString().slice(context.length + 1) },
      ...options,
    });
  const lab: LabPlane = {
    plane: await open(),
    store,
    folder,
    async run(request, more = {}) {
      const { id } = await lab.plane.tasks.create({ request: requestSchema.parse(request), reason: "", account: "lab", ...more });
      return lab.ended(id);
    },
    async ended(id) {
      for (;;) {
        const task = await lab.plane.tasks.get(id);
        if (task.endedAt !== undefined) return task;
        await delay(5);
      }
    },
    async reopen() {
      await lab.plane.close();
      return (lab.plane = await open());
    },
    async close() {
      await lab.plane.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return lab;
}

/** Reads events into a copy of the estate, as a client would, and notes what a client must never see. */
export class EventReplica {
  readonly objects = new Map<string, NonNullable<Event["object"]>>();
  readonly faults: string[] = [];
  resets = 0;
  last: string;

  constructor(since: string) {
    this.last = since;
  }

  /** Starts from what is there. */
  seed(objects: Iterable<NonNullable<Event["object"]>>): void {
    for (const object of objects) this.objects.set(object.id, object);
  }

  take(event: Event): void {
    if (event.type === "reset") {
      this.resets++;
      return;
    }
    if (Number(event.id) <= Number(this.last)) this.faults.push(`event ${event.id} came after ${this.last}`);
    this.last = event.id;
    const before = this.objects.get(event.objectId);
    if (event.kind === "task") return;
    if (event.type === "created" && before) this.faults.push(`${event.objectId} was created twice`);
    if (event.type !== "created" && !before) this.faults.push(`${event.objectId} was ${event.type} without being there`);
    if (event.type === "deleted") this.objects.delete(event.objectId);
    else {
      if (before && event.object!.revision !== before.revision + 1)
        this.faults.push(`${event.objectId} went from revision ${before.revision} to ${event.object!.revision}`);
      this.objects.set(event.objectId, event.object!);
    }
  }

  async follow(plane: ControlPlane, signal: AbortSignal): Promise<void> {
    for await (const event of plane.events.subscribe({ since: this.last, signal })) this.take(event);
  }
}

/** Everything of a plane's estate. */
export function everything(plane: ControlPlane): Map<string, unknown> {
  const out = new Map<string, unknown>();
  for (const kind of ["host", "vm", "datastore", "network"] as const) {
    let cursor: string | undefined;
    do {
      const page = plane.estate.page(kind, { sort: "id", limit: 1000, cursor });
      for (const object of page.items) out.set(object.id, object);
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return out;
}
