/** One row of the closed catalogue: HTTP status, what an operator reads, and what to do next. */
export interface ErrorRow {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

/**
 * Every error that Polyvisor can answer with. Closed: a code that is not here does not exist, and a failure
 * that fits none is `internal` and a fault of ours. Mapped to HTTP once, as RFC 9457 problem details.
 */
export const errorCatalogue = {
  badRequest: { status: 400, title: "The request is not understood", remedy: "Correct the place that the detail names and send it again." },
  notSignedIn: { status: 401, title: "You are not signed in", remedy: "Sign in, or send a valid token as `Authorization: Bearer TOKEN`." },
  wrongCredentials: {
    status: 401,
    title: "The name, pass phrase or code is wrong",
    remedy: "Check it and try again; on the server's machine `polyvisor sign-in code` gives a fresh one-time code.",
  },
  secondFactorNeeded: {
    status: 401,
    title: "A second factor is needed",
    remedy: "Send the code that your authenticator shows, or one of your recovery codes, as `secondFactor`.",
  },
  identityProviderFailed: {
    status: 502,
    title: "The identity provider could not vouch for you",
    remedy: "Try again, or sign in in another way; an administrator finds the cause with `polyvisor identity-provider test NAME`.",
  },
  forbidden: { status: 403, title: "You may not do this", remedy: "Ask an administrator for the permission that the detail names." },
  notFound: { status: 404, title: "There is no such object", remedy: "List what is there; it may have been deleted or renamed." },
  ambiguous: { status: 409, title: "The name fits more than one object", remedy: "Use the id, or HOST/NAME." },
  methodNotAllowed: { status: 405, title: "This path does not take this method", remedy: "See the API's description at /api/v1/openapi.json." },
  nameTaken: { status: 409, title: "The name is taken", remedy: "Choose another name, or delete or rename the object that holds it." },
  wrongState: { status: 409, title: "The VM's state does not allow this", remedy: "Bring it to a state that allows it; `polyvisor explain VM` says which." },
  conflict: { status: 409, title: "Something else changed it meanwhile", remedy: "Look at its present state and decide again." },
  changedMeanwhile: { status: 412, title: "The object changed since you read it", remedy: "Read it again, check that your change still fits, and repeat." },
  tooLarge: { status: 413, title: "The request is too large", remedy: "Send less; the limit is in the detail." },
  unsupportedMedia: { status: 415, title: "The content type is not understood", remedy: "Send application/json." },
  notSupported: {
    status: 422,
    title: "This endpoint cannot do that",
    remedy: "The reason is in the detail; `polyvisor host info HOST` lists what the endpoint can do.",
  },
  preCheckFailed: { status: 422, title: "The plan cannot be carried out", remedy: "Remove each blocker that the detail names." },
  rateLimited: { status: 429, title: "Too many requests", remedy: "Wait for the seconds in Retry-After." },
  cancelled: { status: 409, title: "The task was cancelled", remedy: "Nothing more is done; the steps say what was." },
  interrupted: {
    status: 409,
    title: "The step was interrupted and its outcome cannot be observed",
    remedy: "Look at the object; repeat the action if it is still wanted.",
  },
  internal: { status: 500, title: "Polyvisor failed", remedy: "It is a fault of ours: the server's log has the request id of this answer." },
  storeUnavailable: {
    status: 503,
    title: "The database does not answer",
    remedy: "Check that PostgreSQL runs and has room; the server goes on by itself when it is back.",
  },
  starting: { status: 503, title: "The server is starting or stopping", remedy: "Try again in a few seconds." },
  hostUnreachable: {
    status: 502,
    title: "The host does not answer",
    remedy: "Check that it is powered on and reachable, and that its hypervisor's daemon runs; Polyvisor goes on trying.",
  },
  hostRefused: {
    status: 502,
    title: "The host refused the connection",
    remedy: "Start the hypervisor's daemon there, or open the port that the detail names.",
  },
  hostNameUnknown: { status: 502, title: "The host's name cannot be resolved", remedy: "Correct the name in the URI, or the DNS." },
  hostAuthFailed: {
    status: 502,
    title: "The host refused the credentials",
    remedy: "Correct the user, the pass phrase or the key, and that the user may manage the hypervisor.",
  },
  hostKeyUnknown: { status: 502, title: "The host's SSH key is not known", remedy: "Compare the fingerprint with the host's own, then add it to known_hosts." },
  hostKeyChanged: {
    status: 502,
    title: "The host's SSH key has changed",
    remedy: "Someone may be in between. If the host was reinstalled, remove the old key from known_hosts.",
  },
  hostTlsName: {
    status: 502,
    title: "The host's certificate is for another name",
    remedy: "Use the name in the certificate, or give the host a certificate for this name.",
  },
  hostTlsUntrusted: {
    status: 502,
    title: "A certificate is not trusted",
    remedy: "Install the authority's certificate, or renew the one that the detail names.",
  },
  hostTimeout: { status: 504, title: "The host did not answer in time", remedy: "The host may be overloaded or hung; look at it before repeating the action." },
  hostProtocol: { status: 502, title: "The host's answer is not understood", remedy: "Check that the port belongs to the hypervisor that the URI names." },
  badUri: { status: 400, title: "The URI does not name a hypervisor", remedy: "Write it like qemu:///system, qemu+ssh://root@host/system or lxc:///." },
  hypervisorFailed: { status: 502, title: "The hypervisor could not do it", remedy: "The detail is its own message; the host's log has more." },
  noSpace: { status: 507, title: "There is not enough space", remedy: "Free space in the datastore that the detail names, or choose another." },
  notEnoughMemory: { status: 507, title: "There is not enough memory on the host", remedy: "Give the VM less memory, stop another, or choose another host." },
  inUse: { status: 409, title: "The object is in use", remedy: "Release it first; the detail says by what." },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorCatalogue;

export interface ErrorOptions {
  /** One sentence for the operator: what happened, to which object. No secrets. */
  detail: string;
  /** Overrides the catalogue's next action where a better one is known. */
  remedy?: string;
  /** Place in the input: a JSON pointer, a line, a field of a URI. */
  where?: string;
  /** SSH key that the host showed, `SHA256:…`: what somebody compares with the host's own. */
  fingerprint?: string | undefined;
  /** For the log only; never sent. */
  cause?: unknown;
}

/** An error an operator can act on. Anything else that is thrown becomes `internal`. */
export class PolyvisorError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly remedy: string;
  readonly where: string | undefined;
  readonly fingerprint: string | undefined;
  constructor(code: ErrorCode, options: ErrorOptions) {
    super(`${errorCatalogue[code].title}: ${options.detail}`, { cause: options.cause });
    this.name = "PolyvisorError";
    this.code = code;
    this.detail = options.detail;
    this.remedy = options.remedy ?? errorCatalogue[code].remedy;
    this.where = options.where;
    this.fingerprint = options.fingerprint;
  }
  get status(): number {
    return errorCatalogue[this.code].status;
  }
}

/** The part of an error that is kept with a task and shown: no stack, no cause. */
export interface Failure {
  code: ErrorCode;
  detail: string;
  remedy: string;
  where?: string | undefined;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof PolyvisorError) return { code: error.code, detail: error.detail, remedy: error.remedy, where: error.where };
  return { code: "internal", detail: "an unexpected failure; the log has it", remedy: errorCatalogue.internal.remedy };
}
