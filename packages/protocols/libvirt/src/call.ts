import type { Stream } from "./stream.ts";
import type { XdrReader } from "./xdr/xdrReader.ts";
import type { XdrWriter } from "./xdr/xdrWriter.ts";

/** What every call takes beside its arguments. */
export interface CallOptions {
  /** Stops the waiting. libvirt has no way to take a sent call back: the server may still carry it out. */
  signal?: AbortSignal;
  /** Milliseconds until the call is given up with a ConnectionError of kind `timeout`; 0 waits for ever. Default: the connection's. */
  timeoutMs?: number;
  /** For calls that open a stream: most bytes it holds for a consumer that does not read. */
  streamBufferBytes?: number;
}

/** Result of a call that opens a stream: the call's own result and the stream. */
export type OpensStream<Result> = (Result extends void ? unknown : Result) & { stream: Stream };

/** One procedure as the generated tables describe it. */
export interface Procedure {
  readonly name: string;
  readonly program: number;
  readonly number: number;
  // Each procedure has argument and result types of its own; the typed signatures are in generated/types.
  readonly encode: ((writer: XdrWriter, args: never) => void) | null;
  readonly decode: ((reader: XdrReader) => unknown) | null;
  readonly stream: boolean;
  /** How long the server may wait for a guest, a disk or another host before it answers. */
  readonly waits: "never" | "briefly" | "long";
}
