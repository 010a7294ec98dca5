import { randomUUID } from "node:crypto";
import { createClient, type Client } from "@polyvisor/api/client";
import { exitCodes } from "../exitCode.ts";
import { CliFailure } from "../failure.ts";
import { pause } from "../io.ts";
import { httpFetch } from "./httpFetch.ts";
import type { Server } from "./locate.ts";

/** Seconds until a server that says nothing is given up. */
const answerSeconds = 60;
/** About ten seconds in all. */
const repeats = 8;

/** A client whose failures to reach the server are sentences. */
export function connect(server: Server): Client {
  const ready =
    server.certificate !== undefined && server.url.startsWith("https:")
      ? import("./trust.ts").then((trust) => trust.trustCertificate(server.certificate!))
      : undefined;
  return createClient({
    url: server.url,
    token: server.token,
    delay: pause,
    newKey: randomUUID,
    async fetch(url, init) {
      for (let attempt = 0; ; attempt++) {
        const outcome = await once(url, init);
        if (!("code" in outcome)) return outcome.answer;
        const { code, error } = outcome;
        if (init.signal?.aborted) throw error;
        if (mayRepeat(init, code, attempt)) {
          await pause(Math.min(2_000, 100 * 2 ** attempt));
          continue;
        }
        if (/CERT|SELF_SIGNED|SIGNATURE|ALTNAME/.test(code)) throw await (await import("./trust.ts")).untrusted(server.url, code, server.certificate);
        throw unreachable(server, code);
      }
    },
  });

  async function once(url: string, init: RequestInit): Promise<{ answer: Response } | { code: string; error: unknown }> {
    // An upload is answered when it is complete, so that only the others have a deadline until the answer begins.
    const deadline = "duplex" in init ? undefined : new AbortController();
    const timer = deadline && setTimeout(() => deadline.abort(), answerSeconds * 1000);
    const signals = [deadline?.signal, init.signal].filter((signal) => signal instanceof AbortSignal);
    try {
      await ready;
      // Only Node's own fetch streams an upload.
      return { answer: await (deadline ? httpFetch : fetch)(url, signals.length > 0 ? { ...init, signal: AbortSignal.any(signals) } : init) };
    } catch (error) {
      return { code: deadline?.signal.aborted ? "ANSWER_TIMEOUT" : codeOf(error), error };
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Whether a request whose connection broke is sent again: a write has a key, by which the server does it once, whether
 * the first one arrived or not. A server that was there a moment ago is given the time to start anew.
 */
function mayRepeat(init: RequestInit, code: string, attempt: number): boolean {
  const headers = init.headers as Record<string, string> | undefined;
  if (headers?.["idempotency-key"] === undefined || attempt >= repeats) return false;
  return /ECONNRESET|EPIPE|socket hang up/.test(code) || (attempt > 0 && code === "ECONNREFUSED");
}

interface Failure {
  code?: unknown;
  /** Of each address that was tried. */
  errors?: { code?: unknown }[];
  message?: unknown;
}

function codeOf(error: unknown): string {
  const cause = (error as { cause?: Failure }).cause ?? (error as Failure);
  const code = cause.code ?? cause.errors?.[0]?.code;
  return typeof code === "string" ? code : typeof cause.message === "string" ? cause.message : String((error as Error).message);
}

function unreachable(server: Server, code: string): CliFailure {
  const fail = (sentence: string, remedy: string): CliFailure => new CliFailure(exitCodes.unreachable, sentence, remedy);
  const host = new URL(server.url).hostname;
  if (code === "ECONNREFUSED" || code === "ENOENT")
    return fail(`No Polyvisor server answers at ${server.url} (found by ${server.found}).`, "Start it with ./polyvisor up.");
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return fail(`The name ${host} cannot be resolved.`, "Correct the URL, or the DNS.");
  if (code === "ANSWER_TIMEOUT")
    return fail(
      `The server at ${server.url} did not answer within ${answerSeconds} s.`,
      "It may be overloaded or hung: look at its log with ./polyvisor status.",
    );
  if (/TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/.test(code))
    return fail(`${server.url} cannot be reached (${code}).`, "Check that the machine is on and that no firewall stands in between.");
  return fail(`The connection to ${server.url} failed (${code}).`, "Check the URL, and that a Polyvisor server runs there.");
}
