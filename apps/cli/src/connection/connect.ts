import { createClient, type Client } from "@polyvisor/api/client";
import { exitCodes } from "../exitCode.ts";
import { CliFailure } from "../failure.ts";
import { pause } from "../io.ts";
import { httpFetch } from "./httpFetch.ts";
import type { Server } from "./locate.ts";

/** Seconds until a server that says nothing is given up. */
const answerSeconds = 60;

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
    async fetch(url, init) {
      // An upload is answered when it is complete, so that only the others have a deadline until the answer begins.
      const deadline = "duplex" in init ? undefined : new AbortController();
      const timer = deadline && setTimeout(() => deadline.abort(), answerSeconds * 1000);
      const signals = [deadline?.signal, init.signal].filter((signal) => signal instanceof AbortSignal);
      try {
        await ready;
        // Only Node's own fetch streams an upload.
        return await (deadline ? httpFetch : fetch)(url, signals.length > 0 ? { ...init, signal: AbortSignal.any(signals) } : init);
      } catch (error) {
        if (init.signal?.aborted) throw error;
        const code = deadline?.signal.aborted ? "ANSWER_TIMEOUT" : codeOf(error);
        if (/CERT|SELF_SIGNED|SIGNATURE|ALTNAME/.test(code)) throw await (await import("./trust.ts")).untrusted(server.url, code, server.certificate);
        throw unreachable(server, code);
      } finally {
        clearTimeout(timer);
      }
    },
  });
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
