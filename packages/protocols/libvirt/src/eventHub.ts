import { eventKinds } from "./generated/events.ts";
import type { EventMessages } from "./generated/types/events.ts";
import type { XdrReader } from "./xdr/xdrReader.ts";

/** One event message kind as the generated table describes it. */
export interface EventKind {
  readonly name: string;
  readonly program: number;
  readonly number: number;
  readonly decode: (reader: XdrReader) => unknown;
}

/** Name of an event kind, such as `domainEventCallbackLifecycle`. */
export type EventName = keyof EventMessages;
/** An event with its kind. */
export type AnyEvent = { [Name in EventName]: { kind: Name; message: EventMessages[Name] } }[EventName];

const byNumber = new Map<number, Map<number, EventKind>>();
for (const kind of eventKinds) {
  const numbers = byNumber.get(kind.program) ?? new Map<number, EventKind>();
  byNumber.set(kind.program, numbers.set(kind.number, kind));
}

/** The event kind of a message, if this version of the protocol has it. */
export function eventKindOf(program: number, number: number): EventKind | undefined {
  return byNumber.get(program)?.get(number);
}

/**
 * Hands events to listeners in the order they arrive. Listeners run at once and must be short: there is no queue that
 * could fill, and a listener that throws is reported to `onListenerError` and hurts nobody else.
 */
export class EventHub {
  readonly #listeners = new Map<string, Set<(message: never) => void>>();
  readonly #all = new Set<(event: AnyEvent) => void>();
  readonly #onListenerError: (error: unknown, kind: string) => void;

  constructor(onListenerError: (error: unknown, kind: string) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Calls `listener` with each message of the kind; returns what ends it. The server must be asked for events apart. */
  subscribe<Name extends EventName>(kind: Name, listener: (message: EventMessages[Name]) => void): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners);
    const own = (message: EventMessages[Name]): void => listener(message);
    listeners.add(own as (message: never) => void);
    return () => {
      listeners.delete(own as (message: never) => void);
    };
  }

  /** Calls `listener` with every event of every kind. */
  subscribeAll(listener: (event: AnyEvent) => void): () => void {
    const own = (event: AnyEvent): void => listener(event);
    this.#all.add(own);
    return () => {
      this.#all.delete(own);
    };
  }

  /** Whether anybody would hear the kind: one that nobody hears is not decoded. */
  heard(kind: string): boolean {
    return this.#all.size > 0 || (this.#listeners.get(kind)?.size ?? 0) > 0;
  }

  /** Hands one message to its listeners. */
  emit(kind: string, message: unknown): void {
    for (const listener of this.#listeners.get(kind) ?? []) {
      try {
        listener(message as never);
      } catch (error) {
        this.#onListenerError(error, kind);
      }
    }
    for (const listener of this.#all) {
      try {
        listener({ kind, message } as AnyEvent);
      } catch (error) {
        this.#onListenerError(error, kind);
      }
    }
  }
}
