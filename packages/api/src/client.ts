import type { Event } from "@polyvisor/model";
import type { z } from "zod";
import type { Contracts, Problem } from "./contracts.ts";
import { apiBase, keylessRoutes, routePaths, type RouteName } from "./routePaths.ts";
import { eventsOf } from "./serverSentEvents.ts";

type In<C, K extends string> = C extends Record<K, infer S extends z.ZodType> ? z.input<S> : undefined;
type Out<C> = C extends { response: infer S extends z.ZodType } ? z.output<S> : undefined;
/** Arguments of a route: only those it takes. */
export type Args<R extends RouteName> = {
  params?: In<Contracts[R], "params">;
  query?: In<Contracts[R], "query">;
  body?: In<Contracts[R], "body">;
  /** ETag value, for a change that must not overwrite another's. */
  ifMatch?: string;
  idempotencyKey?: string;
  signal?: AbortSignal;
};

/** An error that the server answered, with the catalogue's code. */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`);
    this.name = "ApiError";
    this.problem = problem;
  }
}

export interface ClientOptions {
  /** `http://127.0.0.1:8420`, without the API's base path. */
  url: string;
  token?: string | undefined;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Waits between two attempts of the event stream; this room has no clock. */
  delay: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** A fresh Idempotency-Key for each write that is given none, so that `fetch` may send it again when the connection is lost. */
  newKey?: () => string;
}

/** A typed client of the API. */
export interface Client {
  readonly url: string;
  call<R extends RouteName>(route: R, args?: Args<R>): Promise<Out<Contracts[R]>>;
  /** The raw answer, for what is not JSON. Rejects as `call` does when it is not a success. */
  raw<R extends RouteName>(route: R, args?: Args<R> & { bytes?: RequestInit["body"]; size?: number }): Promise<Response>;
  /** Events for ever: reconnects, resumes where it was, and ends only by the signal. */
  events(options: {
    signal: AbortSignal;
    kinds?: string;
    objectId?: string;
    since?: string;
    onConnection?: (state: "open" | "lost") => void;
  }): AsyncIterable<Event>;
  /** URL of a WebSocket route; the token goes into the subprotocols (`webSocketProtocols`). */
  webSocketUrl(route: RouteName, args: { params?: Record<string, string>; query?: Record<string, string> }): string;
}

/** Path and query of a route, each part escaped. */
export function routeUrl(route: RouteName, params: Record<string, unknown> = {}, query: Record<string, unknown> = {}): string {
  const path = routePaths[route][1].replace(/:(\w+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`${route} needs the parameter ${name}`);
    return encodeURIComponent(String(value));
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return apiBase + path + (text ? `?${text}` : "");
}

/** Subprotocols that carry the token of a WebSocket, because a browser cannot set its headers. */
export const webSocketProtocols = (token: string): string[] => ["polyvisor", `polyvisor.token.${token}`];

export function createClient(options: ClientOptions): Client {
  const base = options.url.replace(/\/+$/, "");
  const authorization: Record<string, string> = options.token ? { authorization: `Bearer ${options.token}` } : {};

  async function raw(route: RouteName, args: Args<RouteName> & { bytes?: RequestInit["body"]; size?: number } = {}): Promise<Response> {
    const headers: Record<string, string> = { ...authorization, accept: "application/json, */*" };
    if (args.ifMatch !== undefined) headers["if-match"] = args.ifMatch;
    const fresh = routePaths[route][0] === "GET" || keylessRoutes.has(route) ? undefined : options.newKey?.();
    const key = args.idempotencyKey ?? fresh;
    if (key !== undefined) headers["idempotency-key"] = key;
    const init: RequestInit & { duplex?: "half" } = { method: routePaths[route][0], headers };
    if (args.signal) init.signal = args.signal;
    if (args.bytes !== undefined) {
      headers["content-type"] = "application/octet-stream";
      if (args.size !== undefined) headers["content-length"] = String(args.size);
      init.body = args.bytes;
      init.duplex = "half";
    } else if (args.body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(args.body);
    }
    const answer = await options.fetch(base + routeUrl(route, args.params as never, args.query as never), init);
    if (answer.ok) return answer;
    throw new ApiError(await problemOf(answer));
  }

  return {
    url: base,
    raw: raw as Client["raw"],
    async call(route, args) {
      const answer = await raw(route, args as never);
      if (answer.status === 204) return undefined as never;
      return (await answer.json()) as never;
    },
    events: ({ signal, kinds, objectId, since, onConnection }) =>
      eventsOf({
        open: (last, inner) => raw("eventStream", { query: { kinds, objectId, since: last }, signal: inner } as never),
        delay: options.delay,
        isFinal: (error) => error instanceof ApiError && error.problem.status < 500 && error.problem.status !== 429,
        signal,
        since,
        onConnection,
      }),
    webSocketUrl: (route, args) => base.replace(/^http/, "ws") + routeUrl(route, args.params, args.query),
  };
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as Problem;
    if (typeof body.code === "string" && typeof body.detail === "string") return body;
  } catch {
    // not JSON: a proxy in between, or not our server at all
  }
  return {
    type: "about:blank",
    title: "The answer is not Polyvisor's",
    status: answer.status,
    code: "internal",
    detail: `${answer.url || "the server"} answered ${answer.status} with something that is not a Polyvisor answer`,
    remedy: "Check the URL, and whether a proxy stands in between.",
  };
}

export { apiBase, routePaths, type RouteName } from "./routePaths.ts";
export { quoteName } from "./filter/quote.ts";
export type { RequestInput } from "./request.ts";
export type { Problem } from "./contracts.ts";
