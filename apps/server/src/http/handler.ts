import type { Readable } from "node:stream";
import type { Contracts, RouteName } from "@polyvisor/api";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { z } from "zod";
import type { Access } from "../access/access.ts";
import type { Viewer } from "../access/viewer.ts";
import type { AuditLog } from "../audit/auditLog.ts";
import type { ControlPlane } from "../controlPlane.ts";
import type { Identity } from "../identity/identity.ts";
import type { Caller } from "../identity/tokenCache.ts";
import type { SupportSources } from "../support/supportBundle.ts";
import type { TrustedProxies } from "./clientAddress.ts";

/** What the handlers stand on. */
export interface Services {
  control: ControlPlane;
  access: Access;
  audit: AuditLog;
  identity: Identity;
  log: Logger;
  /** Absent in tests of parts. */
  support?: SupportSources;
  /** Of this server, the same after a restart. */
  serverId: string;
  version: string;
  /** Where clients find this server: `http://127.0.0.1:8420`. */
  url: () => string;
  storeHealthy: () => boolean;
  /** Whose word on the client's address counts; nobody's where absent. */
  proxies?: TrustedProxies | undefined;
  /** Aborted when the server stops: what streams for ever ends. */
  stopping: AbortSignal;
}

type Part<R extends RouteName, K extends string> = Contracts[R] extends Record<K, infer S extends z.ZodType> ? z.output<S> : undefined;

/** A request after its checks. */
export interface Call<R extends RouteName> {
  params: Part<R, "params">;
  query: Part<R, "query">;
  body: Part<R, "body">;
  /** Who asks; absent only on routes that anyone may use. */
  caller: Contracts[R]["who"] extends "account" ? Caller : undefined;
  /** What the caller may and sees. Taken when the request came: after a long wait ask `access.viewer` again. */
  viewer: Contracts[R]["who"] extends "account" ? Viewer : undefined;
  /** Of If-Match. */
  ifRevision: number | undefined;
  idempotencyKey: string | undefined;
  request: FastifyRequest;
  reply: FastifyReply;
}

/** An answer that is not JSON. */
export interface RawAnswer {
  type: string;
  body: string | Uint8Array | Readable;
}

type Answer<R extends RouteName> = Contracts[R] extends { response: infer S extends z.ZodType }
  ? z.input<S>
  : Contracts[R]["status"] extends 204
    ? void
    : RawAnswer | "sent";
export type Handler<R extends RouteName> = (call: Call<R>) => Promise<Answer<R>> | Answer<R>;

/** Routes that become a WebSocket. */
export type SocketRoute = { [R in RouteName]: Contracts[R]["status"] extends 101 ? R : never }[RouteName];
/** A handler for every route: one that is missing does not compile. */
export type Handlers = { [R in Exclude<RouteName, SocketRoute>]: Handler<R> };
