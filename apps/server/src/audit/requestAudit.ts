import { auditedReads, AuditTicket, isAudited, type AuditedRequest } from "./auditTicket.ts";
import type { AuditLog } from "./auditLog.ts";
import type { PolyvisorError } from "@polyvisor/model";

/**
 * Does what a request asks for so that it stands in the audit log: in the same transaction where the journal commits
 * it, before the first byte where content leaves the server, else before the answer.
 */
export async function audited<T>(audit: AuditLog, request: AuditedRequest, work: (ticket: AuditTicket | undefined) => Promise<T> | T): Promise<T> {
  if (!isAudited(request.route)) return work(undefined);
  const ticket = new AuditTicket(request);
  if (auditedReads.has(request.route)) {
    await audit.must(ticket.draft());
    return work(undefined);
  }
  const answer = await work(ticket);
  if (!ticket.recorded) {
    ticket.answered(answer);
    await audit.record(ticket.draft());
  }
  return answer;
}

/** Tells of a request that was answered with an error: what would be told if it had been done, and whatever was forbidden. */
export function auditRefusal(audit: AuditLog, request: AuditedRequest, error: PolyvisorError): void {
  if (!isAudited(request.route) && error.code !== "forbidden") return;
  // The body may be anything here: it is not looked at.
  audit.refused(new AuditTicket({ ...request, body: undefined }).draft(error.status >= 500 ? "failed" : "refused", error.code));
}
