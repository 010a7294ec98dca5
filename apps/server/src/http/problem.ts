import type { Problem } from "@polyvisor/api";
import { errorCatalogue, PolyvisorError, type ErrorCode } from "@polyvisor/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { RateLimited } from "../identity/attempts.ts";
import { storeFailure } from "../store/storeFailure.ts";

/** The body limit of every route but uploads: a definition of 4 MiB in JSON's longest spelling fits. */
export const bodyLimit = 10 * 1024 * 1024;

/** What fastify itself refuses, by its code or status. */
function ofFramework(error: Error & { code?: string; statusCode?: number }): PolyvisorError | undefined {
  const make = (code: ErrorCode, detail: string): PolyvisorError => new PolyvisorError(code, { detail, cause: error });
  switch (error.code) {
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return make("unsupportedMedia", "this route does not take that content type");
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return make("tooLarge", `the body of a request has at most ${bodyLimit} bytes, less where you are not signed in`);
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return make("badRequest", "the body is not as long as Content-Length says");
    case "FST_ERR_BAD_URL":
      return make("badRequest", "the path is no valid URL");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return make("notFound", "a part of the path is too long to name anything");
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return make("badRequest", "the request is not one that HTTP allows here");
  return undefined;
}

/** Any error as one that an operator can act on; what nobody foresaw becomes `internal`. */
export function operatorError(error: unknown): PolyvisorError {
  if (error instanceof PolyvisorError) return error;
  const known = storeFailure(error) ?? (error instanceof Error ? ofFramework(error) : undefined);
  return known ?? new PolyvisorError("internal", { detail: "an unexpected failure", cause: error });
}

export function problemOf(error: PolyvisorError, requestId: string): Problem {
  const problem: Problem = {
    type: `/problems/${error.code}`,
    title: errorCatalogue[error.code].title,
    status: error.status,
    detail: error.detail,
    code: error.code,
    remedy: error.remedy,
    requestId,
  };
  if (error.where !== undefined) problem.where = error.where;
  if (error.fingerprint !== undefined) problem.fingerprint = error.fingerprint;
  return problem;
}

/** The one place where an error becomes an answer. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const error = operatorError(thrown);
  if (error.code === "internal")
    log.error({ requestId: request.id, method: request.method, route: request.routeOptions.url, err: error.cause ?? error }, "a request failed unexpectedly");
  else if (error.status >= 500) log.warn({ requestId: request.id, problem: error.code, detail: error.detail }, "a request could not be answered");
  if (error.code === "notSignedIn") void reply.header("www-authenticate", 'Bearer realm="polyvisor"');
  if (error instanceof RateLimited) void reply.header("retry-after", String(error.seconds));
  else if (error.code === "rateLimited" || error.code === "starting" || error.code === "storeUnavailable") void reply.header("retry-after", "5");
  void reply
    .removeHeader("etag")
    .removeHeader("location")
    .code(error.status)
    .type("application/problem+json")
    .header("cache-control", "no-store")
    .send(JSON.stringify(problemOf(error, request.id)));
}
