import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { apiBase, routePaths, type RouteName } from "@polyvisor/api/client";
import { errorCatalogue, type ErrorCode } from "@polyvisor/model";

interface Asked {
  route: RouteName;
  params: Record<string, string>;
  query: Record<string, string>;
  body: unknown;
  headers: IncomingMessage["headers"];
}
/** Answers one route: a value is sent as JSON, nothing is 204. It may write by itself and say `sent`. */
export type Answer = (asked: Asked, response: ServerResponse) => unknown;
export const sent = Symbol("sent");

/** An answer as the server gives it when it cannot. */
export class FixtureProblem extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  constructor(code: ErrorCode, detail: string) {
    super(detail);
    this.code = code;
    this.detail = detail;
  }
}

/** A small server that speaks the contract's paths with answers of the test's own: for what a real one does rarely or never. */
export interface FixtureServer extends AsyncDisposable {
  url: string;
  http: Server;
  asked: Asked[];
  of(route: RouteName): Asked[];
}

export async function fixtureServer(answers: Partial<Record<RouteName, Answer>>): Promise<FixtureServer> {
  const asked: Asked[] = [];
  const routes = Object.entries(routePaths).map(([name, [method, path]]) => ({
    name: name as RouteName,
    method,
    pattern: new RegExp(`^${apiBase}${path.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`),
  }));
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url!, "http://fixture");
      const found = routes.find(({ method, pattern }) => method === request.method && pattern.test(url.pathname));
      const params = Object.fromEntries(
        Object.entries(found?.pattern.exec(url.pathname)?.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
      );
      const body: unknown = request.headers["content-type"] === "application/json" ? await json(request) : undefined;
      const question = { route: found?.name as RouteName, params, query: Object.fromEntries(url.searchParams), body, headers: request.headers };
      asked.push(question);
      const answer = found && answers[found.name];
      try {
        if (!answer) throw new FixtureProblem("notFound", `the fixture does not answer ${request.method} ${url.pathname}`);
        const value = await answer(question, response);
        if (value === sent) return;
        if (value === undefined) return void response.writeHead(204).end();
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
      } catch (error) {
        if (!(error instanceof FixtureProblem)) throw error;
        const { status, title, remedy } = errorCatalogue[error.code];
        response
          .writeHead(status, { "content-type": "application/problem+json" })
          .end(JSON.stringify({ type: `urn:polyvisor:${error.code}`, title, status, detail: error.detail, code: error.code, remedy }));
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    http: server,
    asked,
    of: (route) => asked.filter((each) => each.route === route),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
