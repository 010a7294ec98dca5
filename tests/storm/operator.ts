import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "@polyvisor/api/client";
import type { RequestInput } from "@polyvisor/api/client";
import type { Task } from "@polyvisor/model";
import type { AnyServer } from "./anyServer.ts";
import { entryOf, type Entry } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { StormHost } from "./stormHost.ts";

const MiB = 1024 ** 2;
/** As long as a server or its database is paused or stalled at most. */
const overtakenMs = 15_000;

/** What all operators write down. */
export interface Book {
  entries: Map<StormHost, Entry[]>;
  /** Every task that a server said it accepted, by idempotency key. */
  accepted: Map<string, string>;
  faults: string[];
  refused: Map<string, number>;
  operations: Map<string, number>;
}
export interface Storm {
  any: AnyServer;
  book: Book;
  stop: AbortSignal;
  /** The task that is kept for a reason, where one is. */
  kept(reason: string): Promise<string | undefined>;
  /** Tells what happens, where the storm is watched. */
  tell(line: string): void;
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

/** Someone who works on VMs of a host through the API, one after the other. */
export class Operator {
  readonly #name: string;
  readonly #host: StormHost;
  readonly #hostId: string;
  readonly #random: Random;
  readonly #storm: Storm;
  #orders = 0;

  constructor(name: string, host: StormHost, hostId: string, random: Random, storm: Storm) {
    this.#name = name;
    this.#host = host;
    this.#hostId = hostId;
    this.#random = random;
    this.#storm = storm;
  }

  /** Until the storm ends. Nobody else touches its VMs, so that every effect on them is one of its tasks'. */
  async own(count_: number): Promise<void> {
    for (let round = 0; !this.#storm.stop.aborted; round++) {
      const vm = `${this.#name}-${this.#random.int(1, count_)}`;
      const state = await this.#host.stateOf(vm);
      await this.order(this.#next(vm, state), vm);
    }
  }

  /** VMs that others change as well: every task must end; what it comes to is what the host says. */
  async shared(names: readonly string[]): Promise<void> {
    while (!this.#storm.stop.aborted) {
      const vm = this.#random.pick(names);
      const verb = this.#random.pick(["vm.start", "vm.destroy", "vm.pause", "vm.unpause", "vm.delete", "vm.describe", "vm.setAutostart"] as const);
      const more =
        verb === "vm.describe" ? { title: `by the API ${this.#random.int(1, 99)}` } : verb === "vm.setAutostart" ? { on: this.#random.int(0, 1) === 1 } : {};
      if (verb === "vm.delete" && this.#random.int(0, 3) > 0) continue;
      await this.order({ do: verb, vms: [`${this.#host.name}/${vm}`], ...more } as RequestInput, undefined);
      await delay(this.#random.int(0, 300));
    }
  }

  #next(vm: string, state: string): RequestInput {
    const vms = [`${this.#host.name}/${vm}`];
    const choice = this.#random;
    const test = this.#host.driver === "test";
    if (state === "absent")
      return { do: "vm.create", host: this.#hostId, spec: { name: vm, memory: 32 * MiB, nics: [], disks: [] }, start: choice.int(0, 1) === 1 };
    const verb: string =
      state === "running"
        ? choice.weighted({ "vm.destroy": 4, "vm.pause": 3, ...(test ? { "vm.shutdown": 2, delete: 1 } : {}), "vm.setAutostart": 1 })
        : state === "paused"
          ? choice.weighted({ "vm.unpause": 4, "vm.destroy": 2 })
          : choice.weighted({ "vm.start": 6, "vm.describe": 1, "vm.setAutostart": 1, "vm.setMemory": 1, ...(test ? { "vm.snapshot": 1 } : {}), delete: 2 });
    switch (verb) {
      case "delete":
        return { do: "vm.delete", vms, force: true };
      case "vm.setAutostart":
        return { do: verb, vms, on: choice.int(0, 1) === 1 };
      case "vm.describe":
        return { do: verb, vms, title: `title ${choice.int(1, 99)}`, description: `written ${choice.int(1, 99)} <&> "é"` };
      case "vm.setMemory":
        return { do: verb, vms, current: choice.int(16, 32) * MiB, apply: "nextStart" };
      case "vm.snapshot":
        return { do: verb, vms, name: `snapshot-${choice.int(1, 5)}`, memory: false };
      default:
        return { do: verb, vms } as RequestInput;
    }
  }

  /** Orders and waits for the end. @param vm where every effect is counted */
  async order(request: RequestInput, vm: string | undefined): Promise<void> {
    const { any, book, tell } = this.#storm;
    const idempotencyKey = `${this.#name}/${this.#host.name}/${++this.#orders}`;
    const from = this.#host.epoch;
    // Who goes away before the answer comes, and asks again, finds the task of the first time.
    let impatience = this.#random.int(0, 3) === 0 ? this.#random.int(1, 40) : 0;
    let task: Pick<Task, "id"> | undefined;
    let asked = 0;
    try {
      task = (await any.ask(`order ${idempotencyKey}`, (client, patient) => {
        const signal = impatience > 0 ? AbortSignal.any([patient, AbortSignal.timeout(impatience)]) : patient;
        impatience = 0;
        asked++;
        return client.call("taskCreate", { body: { request, reason: idempotencyKey }, idempotencyKey, signal });
      })) as Task;
    } catch (error) {
      if (!(error instanceof ApiError)) return void book.faults.push(`${idempotencyKey}: ${String(error)}: ${String((error as Error).cause)}`);
      count(book.refused, error.problem.code);
      // A repeat that another server refused may have overtaken the first attempt, which is taken all the same.
      if (asked > 1) task = await this.#overtaken(idempotencyKey);
      else await delay(this.#random.int(50, 400));
      if (!task) return;
    }
    book.accepted.set(idempotencyKey, task.id);
    count(book.operations, request.do);
    if (vm === undefined && this.#random.int(0, 7) === 0)
      await any.ask(`cancel ${task.id}`, (client, signal) => client.call("taskCancel", { params: { id: task.id }, signal })).catch(() => undefined);
    const ended = await this.#ended(task.id).catch((error: unknown) => void book.faults.push(`${idempotencyKey}: ${String(error)}`));
    if (!ended) return;
    tell(
      `${idempotencyKey} ${request.do} ${ended.id} ${ended.state} ${ended.steps.map((step) => step.message ?? step.failure?.detail ?? step.state).join(" | ")}`,
    );
    if (vm === undefined) return;
    for (const [i, step] of ended.steps.entries())
      book.entries.get(this.#host)!.push(entryOf(ended.id, ended.plan.steps[i]!, step, vm, from, this.#host.epoch));
  }

  async #overtaken(reason: string): Promise<Pick<Task, "id"> | undefined> {
    for (const end = Date.now() + overtakenMs; Date.now() < end; await delay(500)) {
      const id = await this.#storm.kept(reason);
      if (id !== undefined) return { id };
    }
    return undefined;
  }

  async #ended(id: string): Promise<Task> {
    const end = Date.now() + 240_000;
    for (;;) {
      const task = (await this.#storm.any.ask(`task ${id}`, (client, signal) => client.call("taskGet", { params: { id }, signal }))) as Task;
      if (task.endedAt !== undefined) return task;
      if (Date.now() > end) throw new Error(`the task ${id} did not end in 240 s: ${JSON.stringify(task.steps)}`);
      await delay(50);
    }
  }
}
