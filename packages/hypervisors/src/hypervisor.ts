import type { Action, Change, FeatureTable, Inventory, Samples } from "@polyvisor/model";

/** What an adapter is given to reach its endpoint. Secrets come by `secret` when they are needed and are never kept in the URI. */
export interface ConnectOptions {
  signal: AbortSignal;
  /** Milliseconds until a connection attempt is given up. */
  openTimeoutMs: number;
  /** Milliseconds until an ordinary call is given up; long actions have their own. */
  callTimeoutMs: number;
  /**
   * Asks the site for a secret: a SASL pass phrase, a key's pass phrase. `hostKey` is no secret: the fingerprint (`SHA256:…`)
   * that somebody compared with the host's own, which is trusted beside known_hosts.
   */
  secret?: (need: { kind: "username" | "password" | "keyPassphrase" | "hostKey"; for: string }) => Promise<string | undefined>;
  ssh?: { knownHostsFile?: string; agentSocket?: string; privateKeyFiles?: string[] };
  /**
   * Asked right before each call that may change something is sent; throws where that must not be any more. An action is
   * several calls, and the site may lose the right to the host between two of them.
   */
  mayChange?: () => void;
  /** Now, in milliseconds since 1970. */
  now?: () => number;
  /** Structured log line; never with secrets. */
  log?: (level: "debug" | "info" | "warn" | "error", message: string, fields?: Record<string, unknown>) => void;
}

/** One kind of endpoint, found by the scheme of its URI. */
export interface HypervisorKind {
  readonly name: string;
  /** Whether this adapter speaks to such a URI (`qemu+ssh://…`). */
  accepts(uri: URL): boolean;
  /** Connects. Rejects with a PolyvisorError of the `host*` family that says what to do. */
  connect(uri: URL, options: ConnectOptions): Promise<Hypervisor>;
}

export interface RunContext {
  /** Cancel: the adapter stops as soon as the world is in a known state and rejects with `cancelled`. */
  signal: AbortSignal;
  /** 0 to 1, where the hypervisor tells. */
  progress: (fraction: number, message?: string) => void;
}

/** What an action did. `message` in words; `already` when the world was so before and nothing was done. */
export interface RunResult {
  message: string;
  already?: boolean;
  /** Resolves, and never rejects, when the consumer of the changes was told what it came to; it was already where absent. */
  told?: Promise<void>;
}

/** A two-way stream of bytes with back-pressure. */
export interface ByteChannel {
  /** Bytes from the other side; ends when it closes. */
  readonly readable: AsyncIterable<Uint8Array>;
  /** Resolves when more may be written. */
  write(chunk: Uint8Array): Promise<void>;
  /** Says that no more is written (a transfer is complete) and resolves when the other side has taken it all. */
  finish(): Promise<void>;
  /** Ends it at once. */
  close(): void;
}

/** One way to see a console. Graphical consoles are RFB (RFC 6143) on the channel; text consoles are raw bytes. */
export interface ConsoleRequest {
  kind: "text" | "graphical";
  /** One of the VM's `consoles`; the first of its kind where absent. */
  alias?: string | undefined;
  /** Take it over from whoever holds it. */
  force?: boolean;
}

export interface Screenshot {
  /** `image/png`, `image/x-portable-pixmap`. */
  type: string;
  bytes: Uint8Array;
}

/**
 * A connected endpoint: the one interface every adapter implements and the conformance suite checks.
 * Native ids are the endpoint's own; ids of the estate are unknown here.
 */
export interface Hypervisor {
  /** What this endpoint can do, found by probing. */
  readonly features: FeatureTable;
  /** Settles when the connection is over, whoever ended it; `undefined` after `close()`. */
  readonly closed: Promise<Error | undefined>;
  /** Everything there is, once, with the fewest calls. */
  inventory(signal?: AbortSignal): Promise<Inventory>;
  /**
   * Changes from now on, each exactly as the endpoint has it when told. The first item is always
   * `{ type: "inventory" }`, taken after listening began, so that nothing falls between. One consumer.
   * The queue behind it is bounded: a consumer that is too slow gets an `inventory` in place of what was lost.
   */
  changes(signal: AbortSignal): AsyncIterable<Change>;
  /** One measurement of host and active VMs, in one or two calls. */
  samples(signal?: AbortSignal): Promise<Samples>;
  /** Carries an action out and resolves when its effect is there. */
  run(action: Action, context: RunContext): Promise<RunResult>;
  /**
   * Whether the world already is as the action would leave it: asked after an interruption, never guessed.
   * `unknown` for actions whose effect leaves no trace.
   */
  observe(action: Action, signal?: AbortSignal): Promise<"done" | "notDone" | "unknown">;
  /** The hypervisor's own description of a VM: domain XML. `secrets` are never in it. */
  definition(vm: string, which: "live" | "nextStart"): Promise<string>;
  console(vm: string, request: ConsoleRequest): Promise<ByteChannel>;
  screenshot(vm: string): Promise<Screenshot>;
  /** Bytes of a volume. */
  readVolume(datastore: string, volume: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Fills an existing volume from its start. */
  writeVolume(datastore: string, volume: string, bytes: AsyncIterable<Uint8Array>, size: number, signal?: AbortSignal): Promise<void>;
  /** Ends it; what is under way rejects. */
  close(): Promise<void>;
}
