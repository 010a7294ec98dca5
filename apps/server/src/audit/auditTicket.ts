import type { RouteName } from "@polyvisor/api";
import { routePaths } from "@polyvisor/api";
import type { Caller } from "../identity/tokenCache.ts";
import type { AuditDraft } from "./appendAudit.ts";

/** Routes that read, and yet are told: content that may hold secrets leaves the server. Their entry is kept before the first byte. */
export const auditedReads: ReadonlySet<RouteName> = new Set<RouteName>(["volumeRead", "auditLogExport", "supportBundle"]);
/** Routes that are no GET and change nothing. */
const harmless: ReadonlySet<RouteName> = new Set<RouteName>(["planMake", "taskRetryPlan"]);

/** Whether what a route does stands in the audit log. */
export const isAudited = (route: RouteName): boolean => auditedReads.has(route) || (routePaths[route][0] !== "GET" && !harmless.has(route));

/** A request as far as the audit log is concerned. */
export interface AuditedRequest {
  route: RouteName;
  /** Checked parts of the request; of the body only what `toldOf` picks is told. */
  params?: unknown;
  body?: unknown;
  caller: Caller | undefined;
  address: string;
  requestId: string;
}

type Details = NonNullable<AuditDraft["details"]>;

/** Of these bodies the values are told, too: who gets which rights is what the log is for. None of them is secret. */
const toldFields: Partial<Record<RouteName, readonly string[]>> = {
  grantCreate: ["role", "account", "group", "on", "effect"],
  roleCreate: ["name", "permissions"],
  roleChange: ["name", "permissions"],
  folderCreate: ["name", "parent"],
  folderChange: ["name", "parent"],
};

function toldValue(name: string, value: unknown): [string, string | string[]][] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return [[name, value.filter((each): each is string => typeof each === "string")]];
  return [[name, typeof value === "string" ? value : JSON.stringify(value)]];
}

/** What is told of a request beside who, where and about what: an allow-list. Of a body in general only the names of its fields. */
function toldOf({ route, params, body }: AuditedRequest): Details | undefined {
  if (route === "taskCreate") {
    const { request } = (body ?? {}) as { request?: { do: string; vms?: unknown; select?: unknown } };
    if (!request) return undefined;
    const details: Details = { do: request.do };
    if (Array.isArray(request.vms)) details["vms"] = request.vms.filter((each): each is string => typeof each === "string");
    if (typeof request.select === "string") details["select"] = request.select;
    return details;
  }
  const { volume, account } = (params ?? {}) as { volume?: unknown; account?: unknown };
  if (typeof volume === "string") return { volume };
  if (typeof account === "string") return { account };
  if (typeof body !== "object" || body === null || Object.keys(body).length === 0) return undefined;
  const told = toldFields[route];
  if (told) return Object.fromEntries(told.flatMap((name) => toldValue(name, (body as Record<string, unknown>)[name])));
  return { fields: Object.keys(body) };
}

const short = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** The entry of one request while it is carried out; whoever commits its effect commits it too. */
export class AuditTicket {
  readonly #request: AuditedRequest;
  #about: Pick<AuditDraft, "object" | "name" | "task" | "by"> = {};
  /** Committed: nobody needs to do it again. */
  recorded = false;

  constructor(request: AuditedRequest) {
    this.#request = request;
  }

  /** What it turned out to be about. */
  about(what: Pick<AuditDraft, "object" | "name" | "task">): void {
    this.#about = { ...this.#about, ...what };
  }

  /** The same by the answer that the caller gets: ids and names only. */
  answered(answer: unknown): void {
    if (typeof answer !== "object" || answer === null) return;
    const { id, name, kind, account } = answer as { id?: unknown; name?: unknown; kind?: unknown; account?: { name?: unknown } };
    if (kind === "task") return this.about({ task: short(id) });
    if (this.#request.route === "sessionCreate") this.#about.by = short(account?.name);
    else if (short(id) !== undefined) this.about({ object: short(id), name: short(name) });
  }

  draft(outcome: AuditDraft["outcome"] = "done", code?: string): AuditDraft {
    const { route, params, caller, address, requestId } = this.#request;
    return {
      action: route,
      outcome,
      by: caller?.account,
      token: caller?.tokenId,
      from: address,
      object: short((params as { id?: unknown } | undefined)?.id),
      ...this.#about,
      request: requestId,
      code,
      details: toldOf(this.#request),
    };
  }
}
