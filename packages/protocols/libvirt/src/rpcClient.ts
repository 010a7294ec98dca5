import type { CallOptions, Procedure } from "./call.ts";
import { CallTable, type PendingCall } from "./callTable.ts";
import { ConnectionError } from "./connectionError.ts";
import { eventKindOf, type EventHub } from "./eventHub.ts";
import * as wire from "./generated/protocol.ts";
import { decodeNetMessageError } from "./generated/structs.ts";
import { LibvirtError } from "./libvirtError.ts";
import { StreamTable } from "./streamTable.ts";
import type { Transport } from "./transport/transport.ts";
import { MessageParser, type MessageHeader } from "./wire/messageParser.ts";
import { Outbox } from "./wire/outbox.ts";
import type { XdrReader } from "./xdr/xdrReader.ts";
import type { XdrWriter } from "./xdr/xdrWriter.ts";

export interface RpcSettings {
  callTimeoutMs: number;
  streamBufferBytes: number;
  slowCalls: number;
  bulk: boolean;
  beforeCall?: ((name: string) => void) | undefined;
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
  readonly #calls: CallTable;
  readonly #streams: StreamTable;
  #over: ConnectionError | undefined;
  /** Messages received so far: keepalive looks whether it moves. */
  received = 0;

  constructor(transport: Transport, settings: RpcSettings) {
    this.#transport = transport;
    this.#settings = settings;
    this.#parser = new MessageParser((header, body) => this.#message(header, body), wire.VIR_NET_MESSAGE_INITIAL * 16);
    this.#outbox = new Outbox((bytes) => transport.send(bytes));
    this.#streams = new StreamTable(
      this.#outbox,
      settings.bulk
        ? (paused) => {
            if (!this.#over) transport.pause(paused);
          }
        : undefined,
    );
    this.#calls = new CallTable(
      {
        has: (serial) => this.#streams.has(serial),
        send: (serial, call) => this.#send(serial, call),
        given: (serial) => this.#streams.forget(serial),
        late: (call) => this.#late(call),
      },
      settings.slowCalls,
    );
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
    return this.#calls.outstanding;
  }
  /** Slow calls that were given up and the server still works on: they hold the places of others. */
  get stuck(): number {
    return this.#calls.stuck;
  }
  /** Resolves when the server works on no call any more, given-up ones included, or the connection is over. */
  answered(): Promise<void> {
    return this.#calls.answered();
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
    return new Promise((resolve, reject) => {
      const timeoutMs = options?.timeoutMs ?? this.#settings.callTimeoutMs;
      this.#calls.add({
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
      });
    });
  }

  #late(call: PendingCall): ConnectionError {
    const { peer } = this.#transport;
    if (call.sent)
      return new ConnectionError("timeout", `${call.procedure.name}: no answer from ${peer} within ${call.timeoutMs} ms`, {
        remedy: "the host may be hung or the operation slow; the server may still carry the call out",
      });
    return new ConnectionError("timeout", `${call.procedure.name}: not sent within ${call.timeoutMs} ms, for ${peer} works on ${this.#calls.slow} slow calls`, {
      remedy: "it was not carried out; wait for the calls under way, or see whether the host hangs",
    });
  }

  #send(serial: number, call: PendingCall): void {
    const { procedure } = call;
    try {
      this.#settings.beforeCall?.(procedure.name);
    } catch (error) {
      return this.#calls.refuse(serial, call, error);
    }
    try {
      const start = this.#outbox.begin(procedure.program, PROTOCOL_VERSION, procedure.number, wire.VIR_NET_CALL, serial, wire.VIR_NET_OK);
      this.#outbox.finish(start, procedure.encode as ((writer: XdrWriter, args: unknown) => void) | null, call.args ?? {});
    } catch (error) {
      return this.#calls.refuse(serial, call, new ConnectionError("arguments", `${procedure.name}: ${(error as Error).message}`, { cause: error }));
    }
    call.sent = true;
    call.args = undefined;
    if (procedure.stream) {
      // Data may follow the reply at once, even in the same packet: the stream must be there before.
      call.stream = this.#streams.open(serial, procedure, call.streamBufferBytes ?? this.#settings.streamBufferBytes);
    }
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
    this.#transport.destroy();
    this.#calls.end(reason);
    this.#streams.end(reason);
    this.#outbox.stop();
    this.#calls.lookAgain();
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
        return this.#calls.lookAgain();
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
    const call = this.#calls.get(serial);
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
    this.#calls.settle(serial, call);
    if (failed) {
      this.#streams.forget(serial);
      call.reject(result);
    } else call.resolve(stream === undefined ? result : Object.assign({ stream }, result));
  }

  /** A reply nobody waits for any more; one that opened a stream there leaves a stream to end. */
  #lateReply(header: MessageHeader, body: XdrReader): void {
    // A gap that the server cannot store is answered as if it had been a call.
    if (header.status === wire.VIR_NET_ERROR && this.#streams.has(header.serial)) return this.#streams.receive(header, body);
    const procedure = this.#calls.settleAbandoned(header.serial);
    if (procedure?.stream && header.status === wire.VIR_NET_OK) this.#streams.refuse(procedure, header.serial);
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
