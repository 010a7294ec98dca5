import type { CheckedFilter, Request } from "@polyvisor/api";
import type { connectHypervisor, ConnectOptions, Hypervisor } from "@polyvisor/hypervisors";
import type { Connection, Datastore, Event, FeatureTable, Host, Kind, Load, LoadPoint, Network, Plan, Task, Vm, VmState } from "@polyvisor/model";
import type { Logger } from "pino";
import type { PlanAccess } from "./access/planAccess.ts";
import type { Bits } from "./estate/bits.ts";
import type { Estate } from "./estate/estate.ts";
import type { LoadRank } from "./estate/presentLoads.ts";
import type { History } from "./history/history.ts";
import type { Keep } from "./samples/tiers.ts";
import type { SampleStorage } from "./samples/sampleStorage.ts";
import type { Peer, ServerFacts } from "./cluster/cluster.ts";
import type { TermTimes } from "./cluster/term.ts";
import type { Store } from "./store/openStore.ts";
import type { TasksControl } from "./tasks/tasksControl.ts";

export type { TaskOrder, TasksControl } from "./tasks/tasksControl.ts";

/** Kinds that the estate keeps; tasks are kept apart. */
export type EstateKind = Exclude<Kind, "task">;
export type ObjectOf = { host: Host; vm: Vm; datastore: Datastore; network: Network };
export type EstateObject = ObjectOf[EstateKind];

/** One page of a list. `next` is absent on the last. `total` counts what fits the filter, exactly. */
export interface Page<T> {
  items: T[];
  next?: string;
  total: number;
}

export interface PageQuery {
  /** Everything where absent. */
  filter?: CheckedFilter | undefined;
  /** A field, `-` before it for descending; the name where absent. */
  sort?: string | undefined;
  limit: number;
  /** `next` of the page before. Objects that did not change meanwhile are neither repeated nor left out. */
  cursor?: string | undefined;
  /** Objects that are passed over from the beginning, where there is no cursor. */
  offset?: number | undefined;
}

/** The estate as readers see it: in memory, committed, indexed. Objects are never changed in place: keep them as long as you like. */
export interface EstateReader {
  get<K extends EstateKind>(kind: K, id: string): ObjectOf[K] | undefined;
  /**
   * By id, native id, name or HOST/NAME.
   * @throws PolyvisorError `notFound` or `ambiguous`
   */
  find<K extends EstateKind>(kind: K, ref: string): ObjectOf[K];
  /** @throws PolyvisorError `badRequest` for an unknown sort field or a cursor that is not ours */
  page<K extends EstateKind>(kind: K, query: PageQuery): Page<ObjectOf[K]>;
  /** Whether an object fits a filter of its kind. */
  fits(object: EstateObject, filter: CheckedFilter): boolean;
  /** Values of a field that begin like a text; for completion. @param within only those of objects that fit what it says of their kind */
  fieldValues(kind: EstateKind, field: string, begins: string, most: number): string[];
  /** VMs by state. */
  counts(): Record<VmState, number>;
}

export interface Credential {
  username: string;
  password: string;
}

export interface HostInput {
  uri: string;
  name?: string | undefined;
  tags?: string[] | undefined;
  credential?: Credential | undefined;
  /** Of the SSH key that an operator compared with the host's own, `SHA256:…`. */
  fingerprint?: string | undefined;
}

export type HostPatch = Omit<Partial<HostInput>, "uri"> & {
  enabled?: boolean | undefined;
  /** Id of a folder; null is the top. */ folder?: string | null | undefined;
};

export interface HostsControl {
  /**
   * Connects, then adds. A failure to connect is the answer and nothing is added; the same endpoint twice is `conflict`,
   * a name that is taken `nameTaken`.
   */
  add(input: HostInput, account: string): Promise<Host>;
  /** Connects, looks and disconnects. */
  test(input: HostInput): Promise<{ hostname: string; hypervisor: string; vms: number; features: FeatureTable }>;
  /**
   * A credential counts from the next connection on, which is tried at once where there is none.
   * @param ifRevision rejects with `changedMeanwhile` when the host has another revision
   */
  change(id: string, patch: HostPatch, ifRevision?: number, check?: (before: Host, after: Host) => void): Promise<Host>;
  /** Forgets the host and what is on it; nothing there is touched. @param ifRevision as for `change` */
  remove(id: string, ifRevision?: number): Promise<void>;
  /** Tries to connect now instead of at the next attempt. */
  reconnect(id: string): Promise<Host>;
  /** The connection to a host. @throws PolyvisorError: the last failure, or `hostUnreachable` */
  hypervisor(id: string): Hypervisor;
}

export interface VmExplanation {
  state: string;
  since: string;
  /** False when the host does not answer: everything is as last seen. */
  fresh: boolean;
  sentences: string[];
  actions: { action: string; allowed: boolean; reason?: string }[];
}

export interface LoadRow {
  id: string;
  name: string;
  host: string;
  state: string;
  load: Load;
}

export interface SamplesReader {
  /**
   * Points after `from` until `to` (milliseconds since 1970) of the finest tier that holds them; where nothing was
   * measured there is no point. `step` in seconds; where none is asked for there are at most 1,000 points.
   * @throws PolyvisorError `badRequest` where a step would give too many
   */
  history(
    kind: "vm" | "host",
    id: string,
    query: { from: number; to: number; step?: number | undefined },
  ): Promise<{ step: number; tier: string; points: LoadPoint[] }>;
  /** What samples cost on the disk of the database. */
  storage(): Promise<SampleStorage>;
  /** The highest first. @param within slots of the objects that count; all where absent */
  present(kind: "vm" | "host", by: LoadRank, limit: number, within?: Bits): LoadRow[];
}

export interface EventQuery {
  /** Id of the last event that the reader saw; from now on where absent. */
  since?: string | undefined;
  kinds?: ReadonlySet<Kind> | undefined;
  objectId?: string | undefined;
  signal: AbortSignal;
}

export interface EventReader {
  /**
   * Events in the order of their ids without gap or repeat: what was since, then live. A reader whose `since` is too
   * old or unknown, or who is too slow, gets one `reset` and goes on from there. All readers get the same event
   * objects, so that its text may be kept per object. Ends by the signal or by `close()`.
   */
  subscribe(query: EventQuery): AsyncIterable<Event>;
  /** The same events, those together that were committed together; readers of the same kinds get the same arrays. */
  runs(query: EventQuery): AsyncIterable<readonly Event[]>;
  lastId(): string;
}

export interface TemplateRow {
  name: string;
  version?: string;
  built: boolean;
  description: string;
  /** Bytes of its files. */
  size?: number;
}

/** Everything `/metrics` needs, from memory. */
export interface Figures {
  hosts: Record<Connection["state"], number>;
  vms: Record<VmState, number>;
  datastores: number;
  networks: number;
  /** Tasks that are not over, and how many ended how since the server began. */
  tasks: { open: Record<"queued" | "running", number>; ended: Record<string, number>; stepsRunning: number };
  /** Seconds from the arrival of a change to its publication, over the last 1,000 commits. */
  changeLag: { p50: number; p99: number; max: number };
  /** Since the server began. */
  events: { published: number; lastId: number; subscribers: number; resets: number };
  journal: { waiting: number; commits: number; failures: number };
  samples: { rounds: number; failures: number; rowsWritten: number; refused: number; lost: number; waiting: number; interval: number };
  vmLoads: Iterable<LoadRow>;
  hostLoads: Iterable<LoadRow>;
}

export interface VmPatch {
  tags?: string[] | undefined;
  notes?: string | undefined;
  /** Id of a folder; null is the top. */
  folder?: string | null | undefined;
}

export interface ClusterControl {
  servers(): Promise<ServerFacts[]>;
  /** Tells the others where this server is reached. @param certificate of its TLS, PEM */
  announce(url: string, certificate?: string): Promise<void>;
  /** The server that looks after a host; undefined where this one or none does. */
  holderOf(hostId: string): Promise<Peer | undefined>;
  /** Whether a server gave a sign of life lately. */
  isLive(serverId: string): boolean;
  /** Whether this server looks after a host. */
  holds(hostId: string): boolean;
}

export interface ControlPlane {
  readonly estate: Estate;
  readonly hosts: HostsControl;
  readonly vms: {
    /** @param check is asked with the VM as it is and as it will be; what it throws is the answer */
    change(id: string, patch: VmPatch, ifRevision?: number, check?: (before: Vm, after: Vm) => void): Promise<Vm>;
    explain(id: string): VmExplanation;
  };
  readonly plans: { make(request: Request, account: string, reason: string, access?: PlanAccess): Promise<Plan> };
  readonly tasks: TasksControl;
  /** This server among the others on the same database. */
  readonly cluster: ClusterControl;
  readonly samples: SamplesReader;
  readonly events: EventReader;
  readonly history: History;
  readonly templates: { list(): Promise<TemplateRow[]> };
  metrics(): Figures;
  ready(): { ok: boolean; reason?: string };
  /** Graceful: running steps get their grace, the rest stays as it is and is resumed at the next start. */
  close(): Promise<void>;
}

/** Seals secrets; see `identity/`. `context` is bound to what is sealed. */
export interface Secrets {
  seal(text: string, context: string): Buffer;
  open(sealed: Buffer, context: string): string;
}

/** Times in milliseconds unless the name says otherwise. */
export interface Intervals {
  sample: number;
  /** Longest wait between two attempts to reach a lost host: below the 5 s in which the estate shall agree again. */
  reconnectMax: number;
  openTimeout: number;
  callTimeout: number;
  /** How long a step waits for its host to come back. */
  hostWait: number;
  /** How long running steps are waited for when the server stops. */
  stopGrace: number;
  keepEventsDays: number;
  /** Rows of samples that all servers write in a second at most: with more objects the interval is stretched. */
  samplesPerSecond: number;
  /** Of 20 s, of 5 minutes and of an hour. */
  keepSamplesDays: Keep;
}

export interface ControlPlaneOptions {
  store: Store;
  dataFolder: string;
  log: Logger;
  secrets: Secrets;
  serverId: string;
  now?: () => number;
  intervals?: Partial<Intervals>;
  /** SSH and other settings for the adapters. */
  connect?: Partial<Pick<ConnectOptions, "ssh">>;
  /** Where recipes of templates are; this room's own where absent. */
  recipesFolder?: string;
  /** Connects to a host; the adapters of this process where absent. For tests whose hosts outlive the server. */
  connectTo?: typeof connectHypervisor;
  /** As `GET /servers` shows it; the machine's name and "unknown" where absent. */
  serverName?: string | undefined;
  version?: string | undefined;
  /** Another process took this server's place on the database: this one must end. */
  superseded?: () => void;
  /** This server was away for longer than the history is kept: what it holds in memory is not the estate any more. */
  missed?: () => void;
  /** How long leases last, and the monotonic clock (milliseconds) that they are measured by; for tests. */
  term?: TermTimes | undefined;
  clock?: (() => number) | undefined;
  /** Told of every durable boundary; for tests that stop the server there. */
  onBoundary?: (point: string, taskId?: string) => void | Promise<void>;
}
