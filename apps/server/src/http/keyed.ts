import { createHash } from "node:crypto";
import { apiBase, contracts, routePaths, type Contract, type RouteName } from "@polyvisor/api";
import { kindOfId, PolyvisorError } from "@polyvisor/model";
import type { FastifyRequest } from "fastify";
import type { Estate } from "../estate/estate.ts";
import { entityTag } from "./entity.ts";
import type { KeptAnswer, KeyedRequest } from "./requestKeys.ts";

/** Answers that are secrets: never kept by anything in between, and repeated for minutes only. */
export const secretRoutes: ReadonlySet<RouteName> = new Set<RouteName>([
  "sessionCreate",
  "passkeySignIn",
  "tokenCreate",
  "signInCodeCreate",
  "accountCode",
  "totpBegin",
  "totpConfirm",
  "recoveryCodes",
]);

/** No GET, and yet nothing is changed that a repeat could change twice. */
const changesNothing: ReadonlySet<RouteName> = new Set<RouteName>(["planMake", "taskRetryPlan", "hostTest", "identityProviderTest"]);
/** Keeps its own keys, in the transaction of the task: a repeat gets the task as it is now. */
const ownKeys: ReadonlySet<RouteName> = new Set<RouteName>(["taskCreate", "taskRetry"]);
/** POST that makes something new each time: never done again where nobody knows whether it was. */
const makesAnother: ReadonlySet<RouteName> = new Set<RouteName>(["tokenCreate", "passkeyAdd", "totpRemove", "auditLogArchive"]);

/**
 * What a key of a request means here; undefined where it has none, or none is needed.
 * @throws PolyvisorError `badRequest` where a key cannot hold what it promises
 */
export function keyedRequest(route: RouteName, request: FastifyRequest, key: string | undefined, estate: Estate): KeyedRequest | undefined {
  const [method] = routePaths[route];
  if (key === undefined || method === "GET" || changesNothing.has(route) || ownKeys.has(route)) return undefined;
  if (!request.caller)
    throw noKey(
      "who signs in is known by the answer only, so that it cannot be kept for anyone",
      "Send it without a key, and sign in again where the answer was lost.",
    );
  if (route === "volumeWrite")
    throw noKey("the content of an upload is not looked at before it is written", "Send it without a key: a repeat writes the whole volume anew.");
  const { headers, url, body, caller } = request;
  return {
    account: caller.accountId,
    key,
    route,
    hash: createHash("sha256")
      .update(JSON.stringify([method, url, headers["if-match"] ?? null, body ?? null]))
      .digest("base64"),
    secret: secretRoutes.has(route),
    answerFor: (object) => presentAnswer(route, object, estate),
    repeatable: !makesAnother.has(route),
  };
}

/** What a repeat is answered when the change was committed and its answer was lost: the object as it is now. */
function presentAnswer(route: RouteName, id: string | undefined, estate: Estate): KeptAnswer {
  const { status, response }: Contract = contracts[route];
  if (response === undefined) return { status };
  const kind = id === undefined ? undefined : kindOfId(id);
  const object = kind === undefined || kind === "task" ? undefined : estate.get(kind, id!);
  if (!object)
    throw new PolyvisorError("interrupted", {
      detail: `the first ${route} with this key was carried out, its answer was lost, and what it was about is gone since`,
      remedy: "Nothing needs to be repeated; look at what is there.",
    });
  return {
    status,
    body: JSON.stringify(object),
    etag: entityTag(object.revision),
    ...(status === 201 ? { location: `${apiBase}${routePaths[route][1]}/${id}` } : {}),
  };
}

/** What a repeat that is carried out anew comes upon may be of the first time. */
export function afterUnknown(route: RouteName, error: unknown): KeptAnswer | undefined {
  if (!(error instanceof PolyvisorError)) return undefined;
  if (error.code === "notFound" && routePaths[route][0] === "DELETE") return { status: contracts[route].status };
  if (error.code !== "nameTaken") return undefined;
  throw new PolyvisorError("interrupted", {
    detail: `the server stopped while it carried the first ${route} with this key out, and now ${error.detail}: it may be the one that was asked for`,
    remedy: "Look at it; where it is another's, repeat with another name and a new key.",
  });
}

function noKey(detail: string, remedy: string): PolyvisorError {
  return new PolyvisorError("badRequest", { detail: `this route takes no Idempotency-Key: ${detail}`, where: "header Idempotency-Key", remedy });
}
