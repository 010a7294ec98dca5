import { randomUUID } from "node:crypto";
import {
  actionSchema,
  PolyvisorError,
  stateTable,
  vmSpecSchema,
  type Action,
  type ErrorCode,
  type VmFacts,
  type VmSpecInput,
  type VmState,
} from "@polyvisor/model";
import { expect } from "vitest";
import type { Hypervisor, RunResult } from "../hypervisor.ts";
import { Follower } from "./follower.ts";
import type { ConformanceTarget } from "./target.ts";

/** An action as it is written, with what may be left out left out. */
export type ActionInput = (typeof actionSchema)["_zod"]["input"];

/** Everything that the suite makes is named so, and whatever is named so is the suite's to delete. */
const prefix = "conformance-";

/** What one test works with; afterwards it removes what the test made and closes what it opened. */
export class Workshop {
  readonly target: ConformanceTarget;
  readonly hypervisor: Hypervisor;
  readonly patienceMs: number;
  readonly #made = new Set<string>();
  readonly #undo: (() => Promise<void>)[] = [];

  constructor(target: ConformanceTarget, hypervisor: Hypervisor) {
    this.target = target;
    this.hypervisor = hypervisor;
    this.patienceMs = target.patienceMs ?? 20_000;
  }

  name(): string {
    return prefix + randomUUID().slice(0, 8);
  }

  /** Another connection to the same endpoint, closed after the test. */
  async connect(): Promise<Hypervisor> {
    const { hypervisor } = await this.target.connect();
    this.after(() => hypervisor.close());
    return hypervisor;
  }

  /** To be done when the test is over; the last first. */
  after(undo: () => Promise<unknown>): void {
    this.#undo.push(async () => void (await undo()));
  }

  /** Follows the changes of a connection until the test is over. */
  async follow(hypervisor = this.hypervisor): Promise<Follower> {
    const follower = new Follower(hypervisor);
    this.after(() => follower.stop());
    await this.until("the first inventory", async () => follower.inventories > 0 || undefined);
    return follower;
  }

  run(action: ActionInput, options: { on?: Hypervisor; signal?: AbortSignal; progress?: (fraction: number) => void } = {}): Promise<RunResult> {
    return (options.on ?? this.hypervisor).run(this.action(action), {
      signal: options.signal ?? AbortSignal.timeout(this.patienceMs * 3),
      progress: options.progress ?? (() => {}),
    });
  }
  observe(action: ActionInput): Promise<"done" | "notDone" | "unknown"> {
    return this.hypervisor.observe(this.action(action));
  }
  action(action: ActionInput): Action {
    return actionSchema.parse(action);
  }

  /** A new VM, off. */
  async make(wish: Partial<VmSpecInput> = {}): Promise<string> {
    const vm = randomUUID();
    await this.create(vm, wish);
    return vm;
  }
  async create(vm: string, wish: Partial<VmSpecInput> = {}): Promise<RunResult> {
    this.own(vm);
    return this.run({ verb: "vm.create", vm, spec: vmSpecSchema.parse({ ...this.target.spec(wish.name ?? this.name()), ...wish }) });
  }
  /** A VM that the test is about to make, to be deleted afterwards. */
  own(vm: string): void {
    this.#made.add(vm);
  }

  async find(vm: string, on = this.hypervisor): Promise<VmFacts | undefined> {
    return (await on.inventory()).vms.find((each) => each.nativeId === vm);
  }
  async vm(vm: string, on = this.hypervisor): Promise<VmFacts> {
    const facts = await this.find(vm, on);
    if (!facts) throw new Error(`VM ${vm} is not in the inventory`);
    return facts;
  }

  /** Brings a VM into a state by actions alone, or by the target's own means. */
  async bring(vm: string, state: VmState): Promise<void> {
    const now = (await this.vm(vm)).state;
    if (alike(now, state)) return;
    if (state === "off") {
      if (now === "saved") await this.run({ verb: "vm.start", vm });
      await this.run({ verb: "vm.destroy", vm });
    } else if (state === "running") {
      if (now === "paused") await this.run({ verb: "vm.unpause", vm });
      else {
        if (now !== "off" && now !== "saved" && now !== "crashed") await this.bring(vm, "off");
        await this.run({ verb: "vm.start", vm });
      }
    } else {
      await this.bring(vm, "running");
      if (state === "paused") await this.run({ verb: "vm.pause", vm });
      else if (state === "saved") await this.run({ verb: "vm.save", vm });
      else await this.target.force![state]!(vm);
    }
    await this.until(`state ${state}`, async () => alike((await this.vm(vm)).state, state) || undefined);
  }

  /** Waits until the guest answers on its console: one that still boots hears no request. Does nothing where the target has no console. */
  async booted(vm: string): Promise<void> {
    const { console } = this.target;
    if (!console || !this.hypervisor.features["vm.console.serial"].supported) return;
    const channel = await this.hypervisor.console(vm, { kind: "text", force: true });
    let heard = "";
    const listening = (async () => {
      for await (const chunk of channel.readable) heard += Buffer.from(chunk).toString("latin1");
    })().catch(() => {});
    await this.until("the guest to answer", async () => {
      await channel.write(Buffer.from(console.send));
      const pause = Date.now() + 500;
      return this.until("an echo", async () => (heard.includes(console.expect) ? true : Date.now() > pause ? false : undefined)).then(
        (answered) => answered || undefined,
      );
    });
    channel.close();
    await listening;
  }

  /** Looks again and again until there is an answer; fails past the target's patience. */
  async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + this.patienceMs;
    for (let pause = 0.5; ; pause = Math.min(25, pause * 1.5)) {
      const answer = await look();
      if (answer !== undefined) return answer;
      if (Date.now() > deadline) throw new Error(`waited ${this.patienceMs} ms in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** The promise is refused with this code; gives the error for more questions. */
  async refused(promise: Promise<unknown>, ...codes: ErrorCode[]): Promise<PolyvisorError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error, "it was not refused").toBeInstanceOf(PolyvisorError);
    expect(codes, (error as PolyvisorError).message).toContain((error as PolyvisorError).code);
    expect((error as PolyvisorError).detail.length).toBeGreaterThan(0);
    return error as PolyvisorError;
  }

  /** Leaves what is to be cleared to another, because the own connection may be over. */
  async handOver(to: Workshop): Promise<void> {
    for (const vm of this.#made) to.own(vm);
    for (const undo of this.#undo) to.after(undo);
    this.#made.clear();
    this.#undo.length = 0;
  }

  async clear(): Promise<void> {
    for (const vm of this.#made) await this.#remove(vm);
    for (const undo of this.#undo.reverse()) {
      // What an adapter leaves hanging must not keep the rest from being cleared.
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([undo().catch(() => {}), new Promise((resolve) => (timer = setTimeout(resolve, this.patienceMs)))]);
      clearTimeout(timer);
    }
  }

  async #remove(vm: string): Promise<void> {
    const facts = await this.find(vm);
    if (!facts) return;
    if (facts.state === "unknown" || stateTable[facts.state].active) await this.run({ verb: "vm.destroy", vm }).catch(() => {});
    const volumes = facts.disks.flatMap((disk) =>
      disk.source !== undefined && disk.source.slice(disk.source.lastIndexOf("/") + 1).startsWith(prefix) ? [disk.source] : [],
    );
    await this.run({ verb: "vm.delete", vm, volumes });
  }
}

/** Some hypervisors call a guest that idles blocked: it runs all the same. */
export const alike = (a: VmState, b: VmState): boolean => a === b || ((a === "running" || a === "blocked") && (b === "running" || b === "blocked"));

/** Facts without what a guest changes by itself. */
export function steady(facts: VmFacts | undefined): unknown {
  return (
    facts && {
      ...facts,
      state: facts.state === "blocked" ? "running" : facts.state,
      disks: facts.disks.map(({ allocation: _allocation, ...disk }) => disk),
      nics: facts.nics.map(({ addresses: _addresses, ...nic }) => nic),
    }
  );
}
