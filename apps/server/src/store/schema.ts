import type { Failure, Kind, Plan } from "@polyvisor/model";
import type { ColumnType, Generated, JSONColumnType } from "kysely";
import type { Asked } from "../tasks/asked.ts";
import type { IdentityTables } from "./identityTables.ts";

type Time = ColumnType<Date, Date | string, Date | string>;
type OptionalTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;

/** Objects of the estate as they are now; a row of a deleted one is gone, its past is in `event`. */
export interface ObjectTable {
  id: string;
  kind: Kind;
  host_id: string | null;
  native_id: string | null;
  revision: number;
  doc: JSONColumnType<Record<string, unknown>>;
}

/** Every change of every object: the event stream and the history are one table. `doc` is the object after it. */
export interface EventTable {
  id: Generated<number>;
  at: Time;
  type: "created" | "changed" | "deleted";
  kind: Kind;
  object_id: string;
  fields: string[];
  cause: string | null;
  task_id: string | null;
  /** Account that ordered it, and from where; see `history/actor.ts`. */
  by_account: string | null;
  origin: string | null;
  doc: JSONColumnType<Record<string, unknown>> | null;
}

export interface TaskTable {
  id: string;
  state: string;
  title: string;
  by_account: string;
  reason: string;
  created_at: Time;
  started_at: OptionalTime;
  ended_at: OptionalTime;
  cancel_requested: Generated<boolean>;
  revision: Generated<number>;
  /** The server that executes it; another may take it when that one is gone. */
  owner: string | null;
  plan: JSONColumnType<Plan>;
  failure: JSONColumnType<Failure> | null;
  /** `tasks/asked.ts`. */
  asked: JSONColumnType<Asked> | null;
  /** Task that it does again. */
  retry_of: string | null;
}

export interface TaskStepTable {
  task_id: string;
  n: number;
  state: string;
  progress: Generated<number>;
  started_at: OptionalTime;
  ended_at: OptionalTime;
  message: string | null;
  failure: JSONColumnType<Failure> | null;
}

/** A repeat of a write with the same key gets the task that the first one made. */
export interface IdempotencyTable {
  account_id: string;
  key: string;
  request_hash: Buffer;
  task_id: string;
  created_at: Generated<Date>;
}

/** Secrets of hosts, sealed with the key in the data folder. */
export interface CredentialTable {
  host_id: string;
  sealed: Buffer;
}

/** One wide row per object and tick; partitioned by hour. `sample_5m` and `sample_1h` are made of it: see `samples/tiers.ts`. Null where the hypervisor did not tell. */
export interface SampleTable {
  at: Time;
  object_id: string;
  seconds: number;
  cpu: number | null;
  cpu_wait: number | null;
  memory_used: number | null;
  disk_read: number | null;
  disk_write: number | null;
  net_receive: number | null;
  net_transmit: number | null;
  cpu_use: number | null;
  cpu_io_wait: number | null;
  memory_resident: number | null;
  memory_available: number | null;
  disk_reads: number | null;
  disk_writes: number | null;
  disk_read_latency: number | null;
  disk_write_latency: number | null;
}

export interface SettingTable {
  key: string;
  value: JSONColumnType<Record<string, unknown>>;
}

export interface Schema extends IdentityTables {
  object: ObjectTable;
  event: EventTable;
  task: TaskTable;
  task_step: TaskStepTable;
  idempotency: IdempotencyTable;
  credential: CredentialTable;
  sample: SampleTable;
  setting: SettingTable;
}
