import { PolyvisorError, verbs, type Action, type Change, type FeatureTable, type Inventory, type Samples } from "@polyvisor/model";
import type { ByteChannel, ConnectOptions, ConsoleRequest, Hypervisor, RunContext, RunResult, Screenshot } from "../hypervisor.ts";
import { done } from "./actions/done.ts";
import { cancelled } from "./actions/handler.ts";
import { perform, requireFeatures } from "./actions/perform.ts";
import { nextState, vmOf } from "./actions/power.ts";
import { ChangeQueue } from "./changeQueue.ts";
import { keepChurning } from "./churn.ts";
import { openConsole } from "./console/openConsole.ts";
import { drawScreen } from "./console/screen.ts";
import { encodePng } from "./console/png.ts";
import { writeDefinition } from "./definition.ts";
import type { Listener, SimHost } from "./simHost.ts";
import { readVolume, writeVolume } from "./volumeTransfer.ts";

/** A host that stops answering is given up after this long, or after the call timeout where that is shorter; as keepalives do. */
const keepaliveMs = 30_000;

/** A connection to one simulated host. */
export class SimHypervisor implements Hypervisor, Listener {
  readonly features: FeatureTable;
  readonly closed: Promise<Error | undefined>;
  readonly #host: SimHost;
  readonly #options: ConnectOptions;
  readonly #queues = new Set<ChangeQueue>();
  readonly #pending = new Set<(error: Error) => void>();
  readonly #channels = new Set<ByteChannel>();
  readonly #settleClosed: (error: Error | undefined) => void;
  readonly #takeBack: (() => void)[] = [];
  #over: { error: Error | undefined } | undefined;
  #giveUp: (() => void) | undefined;
  #answering: PromiseWithResolvers<void> | undefined;

  constructor(host: SimHost, options: ConnectOptions) {
    this.#host = host;
    this.#options = options;
    this.features = host.features;
    const closed = Promise.withResolvers<Error | undefined>();
    this.closed = closed.promise;
    this.#settleClosed = closed.resolve;
    host.listeners.add(this);
    for (const rule of host.faults()) {
      if (rule.kind === "drop")
        this.#takeBack.push(
          host.world.schedule.after(
            rule.seconds * 1000,
            () => this.dropped(new PolyvisorError("hostUnreachable", { detail: `the connection to ${host.name} broke, by a rule of the simulator` })),
            true,
          ),
        );
    }
    keepChurning(host);
  }

  // What the host tells.

  changed(change: Change): void {
    for (const queue of this.#queues) queue.push(change);
  }
  dropped(error: Error): void {
    this.#end(error);
  }
  hungChanged(): void {
    const { hung } = this.#host;
    for (const queue of this.#queues) queue.hold(hung);
    if (hung) {
      this.#answering = Promise.withResolvers();
      const ms = Math.min(keepaliveMs, this.#options.callTimeoutMs);
      this.#giveUp = this.#host.world.schedule.after(
        ms,
        () => this.dropped(new PolyvisorError("hostTimeout", { detail: `${this.#host.name} did not answer for ${ms} ms` })),
        true,
      );
    } else {
      this.#giveUp?.();
      this.#answering?.resolve();
      this.#answering = undefined;
    }
  }

  // What the server asks.

  inventory(signal?: AbortSignal): Promise<Inventory> {
    return this.#call("inventory", signal, () => this.#host.inventory());
  }

  changes(signal: AbortSignal): AsyncIterable<Change> {
    const queue = new ChangeQueue(this.#host.options.queue, () => this.#host.inventory());
    if (this.#over) queue.end(this.#over.error);
    queue.hold(this.#host.hung);
    this.#queues.add(queue);
    return queue.read(signal, () => this.#queues.delete(queue));
  }

  samples(signal?: AbortSignal): Promise<Samples> {
    return this.#call("samples", signal, () => {
      const { "vm.samples": ofVms, "host.samples": ofHost } = this.#host.features;
      if (!ofVms.supported) requireFeatures(this.#host, "host.samples");
      const samples = this.#host.samples(this.#now());
      return { host: ofHost.supported ? samples.host : { at: samples.host.at }, vms: ofVms.supported ? samples.vms : [] };
    });
  }

  async run(action: Action, context: RunContext): Promise<RunResult> {
    const { signal } = context;
    const { schedule } = this.#host.world;
    const wait = (ms: number): Promise<void> =>
      new Promise((resolve, reject) => {
        const steps = Math.min(10, Math.max(1, Math.floor(ms / 50)));
        let step = 0;
        let takeBack: () => void;
        const stop = (): void => {
          takeBack();
          reject(cancelled(`nothing was done: ${verbs[action.verb].words}`));
        };
        const next = (): void => {
          context.progress(step / steps);
          if (step++ < steps) takeBack = schedule.after(ms / steps, next);
          else {
            signal.removeEventListener("abort", stop);
            resolve();
          }
        };
        if (signal.aborted) return reject(cancelled("nothing was done"));
        signal.addEventListener("abort", stop, { once: true });
        next();
      });
    const result = await this.#call(action.verb, signal, () => perform(this.#host, action, { signal, progress: context.progress, wait }), false);
    const lost = this.#host.strikes("lose", action.verb);
    if (lost) {
      this.dropped(
        new PolyvisorError("hostUnreachable", { detail: `the connection to ${this.#host.name} broke before the answer came, by a rule of the simulator` }),
      );
      this.#check();
    }
    context.progress(1);
    return result;
  }

  observe(action: Action, signal?: AbortSignal): Promise<"done" | "notDone" | "unknown"> {
    return this.#call("observe", signal, () => {
      const answer = verbs[action.verb].observable ? done(this.#host, action) : undefined;
      return answer === undefined ? "unknown" : answer ? "done" : "notDone";
    });
  }

  definition(vm: string, which: "live" | "nextStart"): Promise<string> {
    return this.#call("definition", undefined, () => writeDefinition(vmOf(this.#host, vm), which));
  }

  console(vm: string, request: ConsoleRequest): Promise<ByteChannel> {
    return this.#call("console", undefined, () => {
      requireFeatures(this.#host, request.kind === "text" ? "vm.console.serial" : "vm.console.graphical");
      const channel = openConsole(this.#host, vmOf(this.#host, vm), request, () => this.#channels.delete(channel));
      this.#channels.add(channel);
      return channel;
    });
  }

  screenshot(vm: string): Promise<Screenshot> {
    return this.#call("screenshot", undefined, () => {
      requireFeatures(this.#host, "vm.screenshot");
      const machine = vmOf(this.#host, vm);
      nextState(machine, "screenshot");
      if (!machine.graphics) throw new PolyvisorError("notSupported", { detail: `${machine.name} has no screen`, remedy: "Use its text console." });
      const { width, height, pixels } = drawScreen(machine, this.#now(), "");
      return { type: "image/png", bytes: encodePng(width, height, pixels) };
    });
  }

  readVolume(datastore: string, volume: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#call("readVolume", signal, () => {
      requireFeatures(this.#host, "volume.transfer");
      return readVolume(this.#host, datastore, volume, () => this.#check(signal));
    });
  }

  writeVolume(datastore: string, volume: string, bytes: AsyncIterable<Uint8Array>, size: number, signal?: AbortSignal): Promise<void> {
    return this.#call(
      "writeVolume",
      signal,
      () => {
        requireFeatures(this.#host, "volume.transfer");
        return writeVolume(this.#host, datastore, volume, bytes, size, () => this.#check(signal));
      },
      false,
    );
  }

  async close(): Promise<void> {
    this.#end(undefined);
  }

  // How calls wait.

  #now(): number {
    return this.#options.now?.() ?? this.#host.world.schedule.now();
  }

  #check(signal?: AbortSignal): void {
    if (this.#over) throw this.#over.error ?? new PolyvisorError("hostUnreachable", { detail: `the connection to ${this.#host.name} is closed` });
    if (signal?.aborted) throw cancelled("the call was given up");
  }

  /** One call: its latency and delays, the host's silence, the end of the connection. `limited` calls end at the call timeout. */
  async #call<T>(name: string, signal: AbortSignal | undefined, work: () => T | Promise<T>, limited = true): Promise<T> {
    this.#check(signal);
    const rule = limited ? this.#host.strikes("fail", name) : undefined;
    await this.#arrive(name, signal, limited);
    if (rule && rule.kind === "fail") throw new PolyvisorError(rule.code, { detail: `${name}: a rule of the simulator made it fail` });
    this.#check();
    const result = await this.#unlessOver(Promise.resolve().then(work));
    await this.#answered(signal);
    return result;
  }

  async #arrive(name: string, signal: AbortSignal | undefined, limited: boolean): Promise<void> {
    const ms = this.#host.options.latency + (limited ? this.#host.delayOf(name) : 0);
    if (ms > 0) {
      const { callTimeoutMs } = this.#options;
      const waited = Promise.withResolvers<void>();
      const takeBack = this.#host.world.schedule.after(Math.min(ms, callTimeoutMs), waited.resolve);
      try {
        await this.#unlessOver(waited.promise, signal);
      } finally {
        takeBack();
      }
      if (ms > callTimeoutMs) throw new PolyvisorError("hostTimeout", { detail: `${this.#host.name} did not answer ${name} within ${callTimeoutMs} ms` });
    }
    await this.#answered(signal);
  }

  /** While the host hangs no answer comes. */
  async #answered(signal: AbortSignal | undefined): Promise<void> {
    while (this.#answering) await this.#unlessOver(this.#answering.promise, signal);
    if (this.#over) this.#check();
  }

  /** The promise, or the end of the connection, or the caller's patience. */
  #unlessOver<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => fail(cancelled("the call was given up"));
      const leave = (): void => {
        this.#pending.delete(fail);
        signal?.removeEventListener("abort", stop);
      };
      const fail = (error: Error): void => {
        leave();
        reject(error);
      };
      promise.catch(() => {}); // when the connection is over first, nobody else hears of its failure
      if (this.#over) return reject(this.#over.error ?? new PolyvisorError("hostUnreachable", { detail: `the connection to ${this.#host.name} is closed` }));
      this.#pending.add(fail);
      signal?.addEventListener("abort", stop, { once: true });
      promise.then((value) => (leave(), resolve(value)), fail);
    });
  }

  #end(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = { error };
    this.#host.listeners.delete(this);
    for (const takeBack of this.#takeBack) takeBack();
    this.#giveUp?.();
    for (const queue of this.#queues) queue.end(error);
    for (const channel of this.#channels) channel.close();
    const why = error ?? new PolyvisorError("hostUnreachable", { detail: `the connection to ${this.#host.name} was closed` });
    for (const reject of this.#pending) reject(why);
    this.#settleClosed(error);
  }
}
