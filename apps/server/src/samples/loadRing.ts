import { hostLoad, vmLoad, type HostSample, type Load, type Samples, type VmSample } from "@polyvisor/model";

/** Loads kept of each object in memory: one hour at 20 s would be 180; the charts' last minutes are enough. */
const kept = 15;

interface Ring {
  sample: VmSample | HostSample;
  loads: Load[];
}

/** The last samples of a host and its VMs, and the loads between them. */
export class LoadRing {
  readonly #rings = new Map<string, Ring>();

  /**
   * Takes a measurement; `idOf` gives the object of a native id.
   * @returns new loads by object
   */
  take(hostId: string, samples: Samples, idOf: (nativeId: string) => string | undefined): Map<string, Load> {
    const out = new Map<string, Load>();
    const add = <S extends VmSample | HostSample>(id: string, now: S, loadOf: (before: S, now: S) => Load | undefined): void => {
      const ring = this.#rings.get(id);
      if (!ring) {
        this.#rings.set(id, { sample: now, loads: [] });
        return;
      }
      const load = loadOf(ring.sample as S, now);
      ring.sample = now;
      if (!load) return;
      ring.loads.push(load);
      if (ring.loads.length > kept) ring.loads.shift();
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
    const load = this.#rings.get(id)?.loads.at(-1);
    return load && load.at >= since ? load : undefined;
  }

  ids(): Iterable<string> {
    return this.#rings.keys();
  }

  /** Forgets objects that are not there any more. */
  keepOnly(exists: (id: string) => boolean): void {
    for (const id of this.#rings.keys()) if (!exists(id)) this.#rings.delete(id);
  }
}
