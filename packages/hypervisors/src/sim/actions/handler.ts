import { PolyvisorError, type ActionOf, type Verb } from "@polyvisor/model";
import type { SimHost } from "../simHost.ts";
import type { Mount } from "../simDatastore.ts";

/** How an action waits and is cancelled. */
export interface Doing {
  readonly signal: AbortSignal;
  progress(fraction: number, message?: string): void;
  /** Waits in the world's time; rejects with `cancelled` when the signal fires. */
  wait(ms: number): Promise<void>;
}

/** How one verb is done. Both look at the world as it is at that moment. */
export interface Handler<V extends Verb> {
  /** Throws when it cannot be done; changes nothing. */
  check?(host: SimHost, action: ActionOf<V>): void;
  /** Does it, and says what was done. */
  apply(host: SimHost, action: ActionOf<V>, doing: Doing): string | Promise<string>;
}

export type Handlers = { [V in Verb]: Handler<V> };

export const cancelled = (detail: string): PolyvisorError => new PolyvisorError("cancelled", { detail });

/** A datastore by its name or native id; undefined when there is none. */
export function findMount(host: SimHost, ref: string): Mount | undefined {
  return host.mounts.get(ref) ?? [...host.mounts.values()].find((mount) => mount.nativeId === ref);
}

/** A datastore by its name or native id. */
export function mountOf(host: SimHost, ref: string): Mount {
  const mount = findMount(host, ref);
  if (!mount) throw new PolyvisorError("notFound", { detail: `${host.name} has no datastore ${ref}` });
  return mount;
}

/** The same, and it must be active. */
export function activeMountOf(host: SimHost, ref: string): Mount {
  const mount = mountOf(host, ref);
  if (!mount.active)
    throw new PolyvisorError("hypervisorFailed", { detail: `datastore ${mount.store.name} of ${host.name} is not active`, remedy: "Start the datastore." });
  return mount;
}
