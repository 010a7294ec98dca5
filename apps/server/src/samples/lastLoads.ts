import { hostLoad, vmLoad, type HostSample, type Load, type Samples, type VmSample } from "@polyvisor/model";

interface Last {
  sample: VmSample | HostSample;
  /** Where it was measured: a VM that moved has new counters there. */
  hostId: string;
  /** Milliseconds that no step of the clock touches. */
  mono: number;
  load: Load | undefined;
}

/** How far the clock may differ from the time that passed: an answer may come late, and clocks are slewed. */
const jitter = (passed: number): number => Math.max(1_000, passed / 4);

const counters = ["cpuTimeNs", "cpuWaitNs", "diskReads", "diskReadBytes", "netReceiveBytes", "cpuUserNs"] as const;
/** A VM that is busy with a job tells next to nothing for once. */
const tells = (sample: VmSample | HostSample): boolean => counters.some((name) => (sample as Partial<Record<string, unknown>>)[name] !== undefined);

/** The last sample and load of a host and its VMs. */
export class LastLoads {
  readonly #last = new Map<string, Last>();

  /**
   * Takes a measurement; `idOf` gives the object of a native id.
   * @param mono when, in milliseconds that no step of the clock touches
   * @param longest milliseconds between two samples that make a load; what is longer is a gap
   * @returns new loads by object
   */
  take(hostId: string, samples: Samples, idOf: (nativeId: string) => string | undefined, mono: number, longest: number): Map<string, Load> {
    const out = new Map<string, Load>();
    const add = <S extends VmSample | HostSample>(id: string, now: S, loadOf: (before: S, now: S) => Load | undefined): void => {
      const last = this.#last.get(id);
      const passed = last && mono - last.mono;
      if (!last || last.hostId !== hostId || passed! > longest || !steady(last.sample.at, now.at, passed!)) {
        this.#last.set(id, { sample: now, hostId, mono, load: undefined });
        return;
      }
      // What it tells next time then is of both intervals.
      if (!tells(now) && tells(last.sample)) return;
      const load = loadOf(last.sample as S, now);
      last.sample = now;
      last.mono = mono;
      if (!load) return;
      last.load = load;
      out.set(id, load);
    };
    add(hostId, samples.host, hostLoad);
    for (const vm of samples.vms) {
      const id = idOf(vm.nativeId);
      if (id !== undefined) add(id, vm, vmLoad);
    }
    return out;
  }

  /** The last load, unless it is older than `since` (milliseconds since 1970): what is old is not present. */
  last(id: string, since: number): Load | undefined {
    const load = this.#last.get(id)?.load;
    return load && load.at >= since ? load : undefined;
  }

  ids(): Iterable<string> {
    return this.#last.keys();
  }

  /** Forgets objects that are not there any more, one step for each object that it knows. */
  *forget(there: (id: string) => unknown): Generator<void, void, undefined> {
    for (const id of this.#last.keys()) {
      if (!there(id)) this.#last.delete(id);
      yield;
    }
  }
}

/** Whether the clock went on as the time that passed; where it was stepped the rates would be of a wrong time. */
const steady = (before: number, now: number, passed: number): boolean => Math.abs(now - before - passed) <= jitter(passed);
