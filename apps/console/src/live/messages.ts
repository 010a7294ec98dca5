import type { Batch } from "./eventSieve.ts";

/** What a page tells the worker that reads the stream. */
export type ToStream =
  | { do: "keep"; objects: readonly { id: string; revision: number }[] }
  | { do: "release"; ids: readonly string[] }
  | { do: "feed"; on: boolean }
  /** Somebody signed in: the stream begins, or begins anew. */
  | { do: "begin" }
  | { do: "end" };

/** What the worker tells the page. */
export type FromStream =
  | { is: "batch"; batch: Batch }
  /** `fresh`: it resumes nothing, so what was read before may be old. */
  | { is: "open"; fresh: boolean }
  | { is: "lost" }
  /** The server asks to sign in again. */
  | { is: "signedOut" };
