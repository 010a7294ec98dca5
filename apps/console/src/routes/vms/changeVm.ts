import { ApiError } from "@polyvisor/api/client";
import type { Vm } from "@polyvisor/model";
import { live } from "../../live/live.ts";
import { api } from "../../session/session.ts";

interface VmChange {
  tags?: string[];
  notes?: string;
  folder?: string | null;
}

/** Another changed the same thing meanwhile: both versions, for the one who writes to put together. */
export class ChangedMeanwhile extends Error {
  readonly theirs: Vm;
  constructor(theirs: Vm) {
    super("changed meanwhile");
    this.name = "ChangedMeanwhile";
    this.theirs = theirs;
  }
}

/** How often a change is sent anew because the VM changed in something else. */
const attempts = 5;

/**
 * Changes what Polyvisor keeps of a VM, upon the version that the writer saw. A change of something else (its state, its
 * load) in between does not matter; one of the same field rejects with `ChangedMeanwhile` and overwrites nothing.
 */
export async function changeVm(seen: Vm, change: VmChange): Promise<Vm> {
  let base = live.object<"vm">(seen.id) ?? seen;
  for (let attempt = 1; ; attempt++) {
    for (const field of Object.keys(change) as (keyof VmChange)[])
      if (JSON.stringify(base[field] ?? null) !== JSON.stringify(seen[field] ?? null)) throw new ChangedMeanwhile(base);
    try {
      const changed = await api.call("vmChange", { params: { id: seen.id }, body: change, ifMatch: `"${base.revision}"` });
      live.put([changed]);
      return changed;
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.code !== "changedMeanwhile" || attempt === attempts) throw error;
      base = await api.call("vmGet", { params: { id: seen.id } });
    }
  }
}
