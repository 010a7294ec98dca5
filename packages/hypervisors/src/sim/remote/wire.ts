import type { Socket } from "node:net";
import { PolyvisorError, errorCatalogue, type Action, type Change, type ErrorCode, type FeatureTable } from "@polyvisor/model";

/** First line of a connection: which host, and how long it may let calls wait. */
export interface Hello {
  uri: string;
  openTimeoutMs: number;
  callTimeoutMs: number;
}

/** What the server asks of a host. Numbers name a question; `cancel` and `took` are about the question of that number. */
export type Ask =
  | { n: number; do: "inventory" | "changes" | "samples" }
  | { n: number; do: "run" | "observe"; action: Action }
  | { n: number; do: "definition"; vm: string; which: "live" | "nextStart" }
  | { n: number; do: "screenshot"; vm: string }
  | { n: number; do: "cancel" }
  | { n: number; do: "took"; count: number };

export interface Failed {
  code: string;
  detail: string;
  remedy: string;
}

/** What a host answers. `features` is the answer to {@link Hello}. */
export type Told =
  | { features: FeatureTable }
  | { n: number; value: unknown }
  | { n: number; failure: Failed }
  | { n: number; change: Change }
  | { n: number; progress: number; message?: string | undefined };

/** Changes on their way that the other side has not taken yet: more wait with the host, whose queue is bounded. */
export const changesUnderWay = 256;

/** Longest line; an inventory of 5,000 VMs has some 8 MB. */
const longest = 64 * 1024 ** 2;

/** Calls back with every line of JSON. A line that is none, or has no end, ends the connection. */
export function readLines(socket: Socket, line: (value: unknown) => void): void {
  let parts: Buffer[] = [];
  let held = 0;
  socket.on("data", (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, at));
      from = at + 1;
      const text = (parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString();
      parts = [];
      held = 0;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return void socket.destroy(new Error("this is not the language of simulated hosts"));
      }
      line(value);
    }
    if (from === chunk.length) return;
    parts.push(chunk.subarray(from));
    held += chunk.length - from;
    if (held > longest) socket.destroy(new Error(`a line of more than ${longest} bytes`));
  });
}

export const writeLine = (socket: Socket, value: Hello | Ask | Told): boolean => socket.write(`${JSON.stringify(value)}\n`);

export const failedOf = (error: unknown): Failed =>
  error instanceof PolyvisorError
    ? { code: error.code, detail: error.detail, remedy: error.remedy }
    : { code: "hostProtocol", detail: `the simulated host failed: ${String(error)}`, remedy: "" };

export const errorOf = ({ code, detail, remedy }: Failed): PolyvisorError =>
  new PolyvisorError(Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : "hostProtocol", { detail, ...(remedy === "" ? {} : { remedy }) });
