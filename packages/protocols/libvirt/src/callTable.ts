import { AbortGroups } from "./abortGroups.ts";
import type { Procedure } from "./call.ts";
import { CallPlaces } from "./callPlaces.ts";
import { Deadlines } from "./deadlines.ts";
import type { Stream } from "./stream.ts";

/** A call that waits for its reply. */
export interface PendingCall {
  procedure: Procedure;
  args: unknown;
  /** Whether the server has it: one that was not sent can be taken back for good. */
  sent: boolean;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  /** Milliseconds on the monotonic clock; Infinity waits for ever. */
  deadline: number;
  timeoutMs: number;
  signal: AbortSignal | undefined;
  stream: Stream | undefined;
  streamBufferBytes: number | undefined;
}

/** What the calls need of their connection. */
export interface CallPort {
  /** Whether something else has the serial: the stream of a call that was answered. */
  has(serial: number): boolean;
  send(serial: number, call: PendingCall): void;
  /** The call was given up here: what was kept for its reply can go. */
  given(serial: number): void;
  /** Why a call whose deadline has passed is given up. */
  late(call: PendingCall): Error;
}

/**
 * The calls of a connection by serial: those that wait for their turn or their reply, and those that were given up here
 * while the server still works on them.
 */
export class CallTable {
  readonly #port: CallPort;
  readonly #pending = new Map<number, PendingCall>();
  readonly #abandoned = new Map<number, Procedure>();
  readonly #deadlines: Deadlines<PendingCall>;
  readonly #places: CallPlaces;
  readonly #aborts = new AbortGroups((serial, reason) => {
    const call = this.#pending.get(serial);
    if (call) this.give(serial, call, reason);
  });
  /** Who looks again at each reply. */
  #onReply: (() => void)[] = [];
  #serial = 0;
  #over = false;

  constructor(port: CallPort, slowCalls: number) {
    this.#port = port;
    this.#places = new CallPlaces(slowCalls, (serial) => {
      const call = this.#pending.get(serial);
      if (call === undefined) return false;
      port.send(serial, call);
      return true;
    });
    this.#deadlines = new Deadlines(this.#pending, (serial, call) => this.give(serial, call, port.late(call)));
  }

  /** Calls sent and not answered, given-up ones included. */
  get outstanding(): number {
    return this.#pending.size + this.#abandoned.size;
  }
  /** Slow calls that were given up and the server still works on: they hold the places of others. */
  get stuck(): number {
    let count = 0;
    for (const procedure of this.#abandoned.values()) if (procedure.waits !== "never") count++;
    return count;
  }
  /** Slow calls that the server works on. */
  get slow(): number {
    return this.#places.taken;
  }

  /** Resolves when the server works on no call any more, given-up ones included, or the connection is over. */
  async answered(): Promise<void> {
    while (!this.#over && this.outstanding > 0)
      await new Promise<void>((resolve) => {
        this.#onReply.push(resolve);
      });
  }

  /** Takes a call in and sends it now or when its turn has come. */
  add(call: PendingCall): void {
    const serial = this.#nextSerial();
    this.#pending.set(serial, call);
    if (call.timeoutMs > 0) this.#deadlines.arm();
    if (call.signal) this.#aborts.add(call.signal, serial);
    if (this.#places.take(call.procedure.waits, serial)) this.#port.send(serial, call);
  }

  #nextSerial(): number {
    do this.#serial = (this.#serial % 0xffff_ffff) + 1;
    while (this.#pending.has(this.#serial) || this.#abandoned.has(this.#serial) || this.#port.has(this.#serial));
    return this.#serial;
  }

  /** The call that waits for a reply with this serial. */
  get(serial: number): PendingCall | undefined {
    return this.#pending.get(serial);
  }

  /** Gives a call up: its reply, when it comes, is dropped by its serial. */
  give(serial: number, call: PendingCall, reason: unknown): void {
    if (!this.#pending.delete(serial)) return;
    if (call.signal) this.#aborts.remove(call.signal, serial);
    if (call.sent) this.#abandoned.set(serial, call.procedure);
    this.#port.given(serial);
    call.reject(reason);
  }

  /** A call could not be sent: its arguments do not fit, or it is not wanted any more. */
  refuse(serial: number, call: PendingCall, reason: unknown): void {
    this.give(serial, call, reason);
    this.#places.free(call.procedure.waits);
  }

  /** The server has answered a call: its place is another's. */
  settle(serial: number, call: PendingCall): void {
    this.#pending.delete(serial);
    if (call.signal) this.#aborts.remove(call.signal, serial);
    this.#places.free(call.procedure.waits);
  }

  /** The server has answered a call that was given up; its procedure, or undefined where there is no such call. */
  settleAbandoned(serial: number): Procedure | undefined {
    const procedure = this.#abandoned.get(serial);
    if (procedure === undefined) return undefined;
    this.#abandoned.delete(serial);
    this.#places.free(procedure.waits);
    return procedure;
  }

  /** A reply was taken, or the connection is over. */
  lookAgain(): void {
    if (this.#onReply.length === 0) return;
    for (const look of this.#onReply.splice(0)) look();
  }

  /** Rejects whatever waits. */
  end(reason: Error): void {
    this.#over = true;
    this.#deadlines.stop();
    this.#aborts.clear();
    for (const call of this.#pending.values()) call.reject(reason);
    this.#pending.clear();
    this.#places.clear();
    this.#abandoned.clear();
  }
}
