import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isLoopback } from "./attempts.ts";

/** What an answer of an identity provider may have: its keys and claims are some kilobytes. */
const largest = 1024 * 1024;

/** A request to an identity provider that did not end well, in words that may be shown. */
export class ProviderUnreachable extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ProviderUnreachable";
    this.remedy = remedy;
  }
}

/**
 * A fetch for identity providers: with an authority of the site's own, bounded in time from the first byte to the
 * last and in size, and without redirections. Plain http goes to this machine only.
 */
export function providerFetch({ ca, deadlineMs }: { ca?: string | undefined; deadlineMs: number }) {
  return (address: string, init: { method?: string; headers?: Record<string, string>; body?: unknown } = {}): Promise<Response> => {
    const url = new URL(address);
    if (url.protocol !== "https:" && !isLocal(url))
      throw new ProviderUnreachable(`${url.origin} is not https`, "Identity providers are asked over https only: what they say opens the server.");
    const body = init.body instanceof URLSearchParams ? init.body.toString() : init.body;
    if (body !== undefined && body !== null && typeof body !== "string") throw new TypeError("a body is text here");
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        clearTimeout(timer);
        sent.destroy();
        reject(error instanceof ProviderUnreachable ? error : unreachable(url, error));
      };
      const timer = setTimeout(
        () => fail(new ProviderUnreachable(`${url.origin} did not answer within ${deadlineMs / 1000} s`, "Look at the provider; it may be overloaded.")),
        deadlineMs,
      );
      const sent = (url.protocol === "https:" ? httpsRequest : httpRequest)(
        url,
        { method: init.method ?? "GET", headers: { ...init.headers, "accept-encoding": "identity" }, agent: false, ...(ca === undefined ? {} : { ca }) },
        (answer) => {
          const chunks: Buffer[] = [];
          let size = 0;
          answer.on("data", (chunk: Buffer) => {
            size += chunk.length;
            if (size > largest)
              fail(new ProviderUnreachable(`${url.origin} answers with more than ${largest} bytes`, "Look whether the URL is the provider's."));
            else chunks.push(chunk);
          });
          answer.on("error", fail);
          answer.on("aborted", () => fail(new ProviderUnreachable(`${url.origin} broke off its answer`, "Look at the provider's log.")));
          answer.on("end", () => {
            clearTimeout(timer);
            const headers = new Headers();
            for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) headers.set(name, String(value));
            const status = answer.statusCode ?? 502;
            const empty = status === 204 || status === 304 || status < 200;
            const made = new Response(empty ? null : Buffer.concat(chunks), { status: status < 200 ? 502 : status, headers });
            Object.defineProperty(made, "url", { value: url.href });
            resolve(made);
          });
        },
      );
      sent.on("error", fail);
      sent.end(typeof body === "string" ? body : undefined);
    });
  };
}

/** Whether a URL is of this machine. */
export const isLocal = (url: URL): boolean => url.hostname === "localhost" || isLoopback(url.hostname.replace(/^\[|\]$/g, ""));

/** A failure of the network or of TLS as a sentence. */
export function unreachable(url: URL, error: unknown): ProviderUnreachable {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const at = url.host;
  if (code === "ECONNREFUSED") return new ProviderUnreachable(`nothing listens at ${at}`, "Start the provider, or correct the host and port.", error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return new ProviderUnreachable(`the name ${url.hostname} cannot be resolved`, "Correct the URL, or the DNS of the server.", error);
  if (/ALTNAME/.test(code))
    return new ProviderUnreachable(
      `the certificate of ${at} is for another name`,
      "Use the name that is in the certificate, or give the provider one for this name.",
      error,
    );
  if (/CERT_HAS_EXPIRED|NOT_YET_VALID/.test(code))
    return new ProviderUnreachable(`the certificate of ${at} is not valid now (${code})`, "Renew it, and check the clocks of both machines.", error);
  if (/CERT|SELF_SIGNED|ISSUER|SIGNATURE|UNABLE_TO/.test(code))
    return new ProviderUnreachable(`the certificate of ${at} is not trusted (${code})`, "Give the authority that signed it: `--ca FILE`.", error);
  if (/TIMEDOUT|HOSTUNREACH|NETUNREACH/.test(code))
    return new ProviderUnreachable(`${at} cannot be reached (${code})`, "Check that the machine is on and that no firewall stands in between.", error);
  if (/EPROTO|SSL|WRONG_VERSION|ECONNRESET|EPIPE|HPE_/.test(code + (message ?? "")))
    return new ProviderUnreachable(`${at} does not speak the protocol of the URL`, "Check the scheme and the port.", error);
  return new ProviderUnreachable(`${at} could not be asked`, "The server's log has the cause.", error);
}
