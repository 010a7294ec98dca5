import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { exitCodes } from "../exitCode.ts";
import { CliFailure } from "../failure.ts";

/** As much of a `Response` as the API's client and the commands use. */
class Answer {
  readonly url: string;
  readonly body: IncomingMessage;
  constructor(url: string, body: IncomingMessage) {
    this.url = url;
    this.body = body;
  }
  get status(): number {
    return this.body.statusCode ?? 0;
  }
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }
  get headers(): { get(name: string): string | null } {
    return { get: (name) => (this.body.headers[name.toLowerCase()] as string | undefined) ?? null };
  }
  text(): Promise<string> {
    return text(this.body);
  }
  async json(): Promise<unknown> {
    const content = await this.text();
    try {
      return JSON.parse(content) as unknown;
    } catch {
      throw new CliFailure(
        exitCodes.unreachable,
        `${this.url} answered with something that is not Polyvisor's.`,
        "Check the URL, and whether a proxy stands in between.",
      );
    }
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    const { arrayBuffer } = await import("node:stream/consumers");
    return arrayBuffer(this.body);
  }
}

/**
 * A request like `fetch`, for bodies that are text, over `node:http`: loading Node's own `fetch` takes 40 ms of
 * processor time, more than all else that a command does. Redirects are not followed: the API has none.
 */
export async function httpFetch(url: string, init: RequestInit): Promise<Response> {
  // Not by `import`: that asks the module for all that it exports, which loads Node's own fetch after all.
  const { request: send } = process.getBuiltinModule(url.startsWith("https:") ? "node:https" : "node:http");
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const body = init.body as string | undefined;
    const headers = { ...(init.headers as Record<string, string>), ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }) };
    const request = send(url, { method: init.method ?? "GET", headers, ...(init.signal ? { signal: init.signal } : {}) }, resolve);
    request.on("error", reject);
    request.end(body);
  });
  // Each is told where the body is read; one that nobody reads any more must not end the process.
  message.on("error", () => undefined);
  return new Answer(url, message) as unknown as Response;
}
