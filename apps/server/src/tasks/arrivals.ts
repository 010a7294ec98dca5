import type { Event, PlanStep, Vm } from "@polyvisor/model";
import type { EstateObject } from "../controlPlane.ts";
import type { Estate } from "../estate/estate.ts";

/** The native id of the VM that an action makes. */
export const vmMadeBy = (action: PlanStep["action"]): string | undefined =>
  action.verb === "vm.create" || action.verb === "vm.define" ? action.vm : action.verb === "vm.clone" ? action.to : undefined;

/** Tells when VMs that tasks made are in the estate: the host says so, and it is committed, a little after the call that made them. */
export class Arrivals {
  readonly #estate: Pick<Estate, "byNative">;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(estate: Pick<Estate, "byNative">) {
    this.#estate = estate;
  }

  /** For everything that is committed, right after the estate has it. */
  applied({ kind, object }: Pick<Event, "kind"> & { object?: Event["object"] | EstateObject }): void {
    if (kind !== "vm" || this.#waiting.size === 0 || !object) return;
    const { hostId, nativeId } = object as Vm;
    for (const arrived of this.#waiting.get(`${hostId} ${nativeId}`) ?? []) arrived();
  }

  /** @param mostMs after so long it resolves all the same. @returns whether the VM is there */
  async vm(hostId: string, nativeId: string, mostMs: number): Promise<boolean> {
    if (this.#estate.byNative("vm", hostId, nativeId)) return true;
    const key = `${hostId} ${nativeId}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(resolve));
    const timer = setTimeout(resolve, mostMs);
    await promise;
    clearTimeout(timer);
    waiting.delete(resolve);
    if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
    return this.#estate.byNative("vm", hostId, nativeId) !== undefined;
  }
}
