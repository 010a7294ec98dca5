import type { ActionOf, Verb } from "@polyvisor/model";
import type { ConnectOptions, RunContext, RunResult } from "../../hypervisor.ts";
import type { AccelerationProbe } from "../host/accelerationProbe.ts";
import type { Session } from "../session.ts";

/** What carrying an action out needs. */
export interface ActionTools {
  session: Session;
  acceleration: AccelerationProbe;
  /** Connects to another libvirt, for a migration. */
  connectTo(uri: string, options: ConnectOptions): Promise<Session>;
}

export type Observation = "done" | "notDone" | "unknown";

/** How one verb is carried out and observed. */
export interface VerbHandler<V extends Verb> {
  run(tools: ActionTools, action: ActionOf<V>, context: RunContext): Promise<RunResult>;
  /** Whether the world is already so. Absent where nothing of it can be seen afterwards. */
  observe?(tools: ActionTools, action: ActionOf<V>, signal?: AbortSignal): Promise<Observation>;
}

export type VerbHandlers = { [V in Verb]: VerbHandler<V> };

/** Deadline of a call that moves data: there is none but the operator's patience, who can cancel. */
export const unhurried = { timeoutMs: 0 } as const;
