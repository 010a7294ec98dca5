import type { FastifyInstance } from "fastify";
import { PolyvisorError } from "@polyvisor/model";
import type { Services } from "./handler.ts";

/** For supervisors and load balancers, without sign-in; they tell nothing of the estate. */
export function registerHealth(app: FastifyInstance, { control, storeHealthy, stopping }: Services): void {
  // The process turns its loop: a reason to restart it is that this does not answer.
  app.get("/healthz", (_, reply) => reply.send({ ok: true }));
  // Requests make sense here: a reason to send them elsewhere is that this says no.
  app.get("/readyz", (_, reply) => {
    if (stopping.aborted) throw new PolyvisorError("starting", { detail: "the server is stopping" });
    if (!storeHealthy()) throw new PolyvisorError("storeUnavailable", { detail: "the database does not answer" });
    const { ok, reason } = control.ready();
    if (!ok) throw new PolyvisorError("starting", { detail: reason ?? "the estate is being read" });
    return reply.send({ ok: true });
  });
}
