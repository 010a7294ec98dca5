import { AbortGroups } from "./abortGroups.ts";
import type { CallOptions, Procedure } from "./call.ts";
import { CallPlaces } from "./callPlaces.ts";
import { ConnectionError } from "./connectionError.ts";
import { Deadlines } from "./deadlines.ts";
import { eventKindOf, type EventHub } from "./eventHub.ts";
import * as wire from "./generated/protocol.ts";
import { decodeNetMessageError } from "./generated/structs.ts";
import { LibvirtError } from "./libvirtError.ts";
import type { Stream } from "./stream.ts";
import { StreamTable } from "./streamTable.ts";
import type { Transport } from "./transport/transport.ts";
import { MessageParser, type MessageHeader } from "./wire/messageParser.ts";
import { Outbox } from "./wire/outbox.ts";
import type { XdrReader } from "./xdr/xdrReader.ts";
import type { XdrWriter } from "./xdr/xdrWriter.ts";

/** A call that waits for its reply. */
interface Pending {
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

export interface RpcSettings {
  callTimeoutMs: number;
  streamBufferBytes: number;
  slowCalls: number;
  bulk: boolean;
  events: EventHub;
  /** Called once, when the connection is over. */
  ended: (reason: ConnectionError) => void;
}

const PROTOCOL_VERSION = 1;
const NEVER_ASKED = "the server called a procedure of the client, which libvirt never does";

/**
 * Calls, events and streams over one transport. The reader never waits for anybody: a reply settles a promise, an event
 * is handed over at once, stream data goes to a bounded queue. When the transport ends, whatever waits is rejected.
 */
export class RpcClient {
  readonly #transport: Transport;
  readonly #settings: RpcSettings;
  readonly #parser: MessageParser;
  readonly #outbox: Outbox;
  readonly #deadlines: Deadlines<Pending>;
  readonly #aborts = new AbortGroups((serial, reason) => {
    const call = this.#pending.get(serial);
    if (call) this.#give(serial, call, reason);
  });
  readonly #pending = new Map<number, Pending>();
  /** Calls given up here that the server still works on, by serial. */
  readonly #abandoned = new Map<number, Procedure>();
  readonly #places: CallPlaces;
  readonly #streams: StreamTable;
  /** Who looks again at each reply. */
  #onReply: (() => void)[] = [];
  #serial = 0;
  #over: ConnectionError | undefined;
  /** Messages received so far: keepalive looks whether it moves. */
  received = 0;

  constructor(transport: Transport, settings: RpcSettings) {
    this.#transport = transport;
    this.#settings = settings;
    this.#parser = new MessageParser((header, body) => this.#message(header, body), wire.VIR_NET_MESSAGE_INITIAL * 16);
    this.#outbox = new Outbox((bytes) => transport.send(bytes));
    this.#places = new CallPlaces(settings.slowCalls, (serial) => {
      const call = this.#pending.get(serial);
      if (call === undefined) return false;
      this.#send(serial, call);
      return true;
    });
    this.#streams = new StreamTable(
      this.#outbox,
      settings.bulk
        ? (paused) => {
            if (!this.#over) transport.pause(paused);
          }
        : undefined,
    );
    this.#deadlines = new Deadlines(this.#pending, (serial, call) => {
      this.#give(
        serial,
        call,
        call.sent
          ? new ConnectionError("timeout", `${call.procedure.name}: no answer from ${transport.peer} within ${call.timeoutMs} ms`, {
              remedy: "the host may be hung or the operation slow; the server may still carry the call out",
            })
          : new ConnectionError(
              "timeout",
              `${call.procedure.name}: not sent within ${call.timeoutMs} ms, for ${transport.peer} works on ${this.#places.taken} slow calls`,
              { remedy: "it was not carried out; wait for the calls under way, or see whether the host hangs" },
            ),
      );
    });
    transport.start({
      bytes: (buffer, length) => this.#bytes(buffer, length),
      drained: () => this.#outbox.drained(),
      ended: (error) =>
        this.end(
          error instanceof ConnectionError
            ? error
            : new ConnectionError("lost", `${transport.peer} ended the connection`, {
                cause: error,
                errno: (error as NodeJS.ErrnoException | undefined)?.code,
                remedy: "see whether the libvirt daemon there still runs",
              }),
        ),
    });
  }

  /** Why the connection is over, if it is. */
  get over(): ConnectionError | undefined {
    return this.#over;
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
  /** Resolves when the server works on no call any more, given-up ones included, or the connection is over. */
  async answered(): Promise<void> {
    while (!this.#over && this.outstanding > 0)
      await new Promise<void>((resolve) => {
        this.#onReply.push(resolve);
      });
  }
  /** Whether reading was stopped for a consumer of a bulk stream. */
  get paused(): boolean {
    return this.#streams.paused;
  }

  /** Lets messages up to the protocol's maximum in: the peer is authenticated. */
  trust(): void {
    this.#parser.limit = wire.VIR_NET_MESSAGE_MAX + wire.VIR_NET_MESSAGE_LEN_MAX;
  }

  /** Sends a call and settles with its result. Never throws: what is wrong with arguments rejects. */
  invoke(procedure: Procedure, args: unknown, options: CallOptions | undefined): Promise<unknown> {
    if (this.#over) return Promise.reject(this.#over);
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason as unknown);
    if (this.#outbox.full)
      return Promise.reject(
        new ConnectionError("overrun", `${procedure.name}: too many bytes wait for ${this.#transport.peer} to read them`, {
          remedy: "the host is hung or overloaded: wait for the calls under way",
        }),
      );
    const serial = this.#nextSerial();
    return new Promise((resolve, reject) => {
      const timeoutMs = options?.timeoutMs ?? this.#settings.callTimeoutMs;
      const call: Pending = {
        procedure,
        args,
        sent: false,
        streamBufferBytes: options?.streamBufferBytes,
        resolve,
        reject,
        timeoutMs,
        deadline: timeoutMs > 0 ? performance.now() + timeoutMs : Infinity,
        signal,
        stream: undefined,
      };
      this.#pending.set(serial, call);
      if (timeoutMs > 0) this.#deadlines.arm();
      if (signal) this.#aborts.add(signal, serial);
      if (this.#places.take(procedure.waits, serial)) this.#send(serial, call);
    });
  }

  #nextSerial(): number {
    do this.#serial = (this.#serial % 0xffff_ffff) + 1;
    while (this.#pending.has(this.#serial) || this.#streams.has(this.#serial) || this.#abandoned.has(this.#serial));
    return this.#serial;
  }

  #send(serial: number, call: Pending): void {
    const { procedure } = call;
    try {
      const start = this.#outbox.begin(procedure.program, PROTOCOL_VERSION, procedure.number, wire.VIR_NET_CALL, serial, wire.VIR_NET_OK);
      this.#outbox.finish(start, procedure.encode as ((writer: XdrWriter, args: unknown) => void) | null, call.args ?? {});
    } catch (error) {
      this.#give(serial, call, new ConnectionError("arguments", `${procedure.name}: ${(error as Error).message}`, { cause: error }));
      return this.#places.free(procedure.waits);
    }
    call.sent = true;
    call.args = undefined;
    if (procedure.stream) {
      // Data may follow the reply at once, even in the same packet: the stream must be there before.
      call.stream = this.#streams.open(serial, procedure, call.streamBufferBytes ?? this.#settings.streamBufferBytes);
    }
  }

  /** Gives a call up: its reply, when it comes, is dropped by its serial. */
  #give(serial: number, call: Pending, reason: unknown): void {
    if (!this.#pending.delete(serial)) return;
    if (call.signal) this.#aborts.remove(call.signal, serial);
    if (call.sent) this.#abandoned.set(serial, call.procedure);
    this.#streams.forget(serial);
    call.reject(reason);
  }

  /** Sends a message of the keepalive program; not to a peer that asks and does not read. */
  sendKeepalive(procedure: number): void {
    if (this.#over || this.#outbox.full) return;
    this.#outbox.finish(this.#outbox.begin(wire.KEEPALIVE_PROGRAM, wire.KEEPALIVE_PROTOCOL_VERSION, procedure, wire.VIR_NET_MESSAGE, 0, wire.VIR_NET_OK));
  }

  /** Ends everything now; the first reason counts. */
  end(reason: ConnectionError): void {
    if (this.#over) return;
    this.#over = reason;
    this.#parser.stop();
    this.#deadlines.stop();
    this.#transport.destroy();
    this.#aborts.clear();
    for (const call of this.#pending.values()) call.reject(reason);
    this.#pending.clear();
    this.#places.clear();
    this.#abandoned.clear();
    this.#streams.end(reason);
    this.#outbox.stop();
    this.#lookAgain();
    this.#settings.ended(reason);
  }

  #bytes(buffer: Buffer, length: number): void {
    try {
      this.#parser.push(buffer, length);
    } catch (error) {
      this.end(
        new ConnectionError("protocol", `${this.#transport.peer} sent what libvirt's protocol does not allow (${(error as Error).message})`, {
          cause: error,
          remedy: "see that a libvirt daemon listens there, and nothing else",
        }),
      );
    }
  }

  #message(header: MessageHeader, body: XdrReader): void {
    this.received++;
    if (header.version !== PROTOCOL_VERSION) throw new Error(`version ${header.version} of program 0x${header.program.toString(16)}`);
    switch (header.type) {
      case wire.VIR_NET_REPLY:
        this.#reply(header, body);
        return this.#lookAgain();
      case wire.VIR_NET_MESSAGE:
        return this.#event(header, body);
      case wire.VIR_NET_STREAM:
      case wire.VIR_NET_STREAM_HOLE:
        return this.#streams.receive(header, body);
      default:
        throw new Error(header.type === wire.VIR_NET_CALL || header.type === wire.VIR_NET_CALL_WITH_FDS ? NEVER_ASKED : `message of type ${header.type}`);
    }
  }

  #reply(header: MessageHeader, body: XdrReader): void {
    const { serial } = header;
    const call = this.#pending.get(serial);
    if (call === undefined) return this.#lateReply(header, body);
    if (!call.sent) throw new Error(`reply to ${call.procedure.name}, which was not sent`);
    const { procedure, stream } = call;
    if (header.program !== procedure.program || header.procedure !== procedure.number)
      throw new Error(`reply ${serial} is of procedure ${header.procedure}, ${procedure.name} was called`);
    let result: unknown;
    let failed = false;
    if (header.status === wire.VIR_NET_OK) {
      if (procedure.decode !== null) result = procedure.decode(body);
    } else if (header.status === wire.VIR_NET_ERROR) {
      result = new LibvirtError(decodeNetMessageError(body), procedure.name);
      failed = true;
    } else throw new Error(`reply with status ${header.status}`);
    body.done();
    this.#pending.delete(serial);
    if (call.signal) this.#aborts.remove(call.signal, serial);
    this.#places.free(procedure.waits);
    if (failed) {
      this.#streams.forget(serial);
      call.reject(result);
    } else call.resolve(stream === undefined ? result : Object.assign({ stream }, result));
  }

  #lookAgain(): void {
    if (this.#onReply.length === 0) return;
    for (const look of this.#onReply.splice(0)) look();
  }

  /** A reply nobody waits for any more; one that opened a stream there leaves a stream to end. */
  #lateReply(header: MessageHeader, body: XdrReader): void {
    // A gap that the server cannot store is answered as if it had been a call.
    if (header.status === wire.VIR_NET_ERROR && this.#streams.has(header.serial)) return this.#streams.receive(header, body);
    const procedure = this.#abandoned.get(header.serial);
    if (procedure === undefined) return;
    this.#abandoned.delete(header.serial);
    this.#places.free(procedure.waits);
    if (procedure.stream && header.status === wire.VIR_NET_OK) this.#streams.refuse(procedure, header.serial);
  }

  #event(header: MessageHeader, body: XdrReader): void {
    if (header.program === wire.KEEPALIVE_PROGRAM) {
      // A pong needs nothing done: that something came is what counts.
      if (header.procedure === wire.KEEPALIVE_PROC_PING) this.sendKeepalive(wire.KEEPALIVE_PROC_PONG);
      return;
    }
    // A newer server may send kinds that this version does not know: they were not asked for.
    const kind = eventKindOf(header.program, header.procedure);
    if (kind === undefined || !this.#settings.events.heard(kind.name)) return;
    const message = kind.decode(body);
    body.done();
    this.#settings.events.emit(kind.name, message);
  }
}
