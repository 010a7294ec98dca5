import type { ApiError } from "@polyvisor/api/client";
import { exitCodeOf, exitCodes } from "./exitCode.ts";
import { escapeText } from "./output/escape.ts";

/** An end that a person can act on: one sentence, what to do, and the exit code. */
export class CliFailure extends Error {
  readonly exitCode: number;
  readonly remedy: string | undefined;
  constructor(exitCode: number, sentence: string, remedy?: string) {
    super(sentence);
    this.name = "CliFailure";
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}

/** The command line cannot be carried out as written. */
export const usageFailure = (sentence: string, remedy?: string): CliFailure => new CliFailure(exitCodes.usage, sentence, remedy);
/** The person ended it. */
export const interrupted = (sentence = "Interrupted.", remedy?: string): CliFailure => new CliFailure(exitCodes.interrupted, sentence, remedy);

/** Whether the server answered so. By name: nothing of the client is loaded for it. */
export const isApiError = (error: unknown): error is ApiError => error instanceof Error && error.name === "ApiError" && "problem" in error;

/** Lines for standard error, and the exit code, of anything thrown. Text of others is escaped; no stack is shown. */
export function describeFailure(error: unknown, debug = false): { lines: string[]; exitCode: number } {
  if (error instanceof CliFailure) return { lines: [escapeText(error.message), ...(error.remedy ? [escapeText(error.remedy)] : [])], exitCode: error.exitCode };
  if (isApiError(error)) {
    const { title, detail, remedy, where, code, requestId } = error.problem;
    const first = `${title}: ${detail}${where ? ` (at ${where})` : ""}`;
    return {
      lines: [escapeText(first), escapeText(remedy), ...(code === "internal" && requestId ? [escapeText(`Request ${requestId}`)] : [])].filter(Boolean),
      exitCode: exitCodeOf(code),
    };
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ECONNRESET" || code === "EPIPE" || code === "UND_ERR_SOCKET")
    return {
      lines: ["The connection to the server broke before its answer was complete.", "Look whether it runs: ./polyvisor status."],
      exitCode: exitCodes.unreachable,
    };
  const text = error instanceof Error ? error.message : String(error);
  const lines = [escapeText(`Polyvisor's command line failed: ${text}`), "It is a fault of ours: repeat it with POLYVISOR_DEBUG=1 and report what it says."];
  if (debug && error instanceof Error && error.stack) lines.push(error.stack);
  return { lines, exitCode: exitCodes.failed };
}
