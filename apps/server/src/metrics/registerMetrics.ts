import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { Services } from "../http/handler.ts";
import { estateText } from "./estateText.ts";

/**
 * `/metrics` in OpenMetrics, from memory: no host and no database is asked. It needs a token, because it names the VMs;
 * Prometheus sends one by `authorization: { credentials_file: … }`.
 */
export async function registerMetrics(
  app: FastifyInstance,
  { control, stopping }: Services,
  callerOf: (request: FastifyRequest) => Promise<unknown>,
): Promise<void> {
  const registry = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never); // its types know Prometheus' older format only
  collectDefaultMetrics({ register: registry });
  // Gauges whose names end like counters', which OpenMetrics forbids, and details that nobody here looks at.
  for (const { name } of await registry.getMetricsAsJSON()) if (/^nodejs_(active_|heap_space_|version)/.test(name)) registry.removeSingleMetric(name);
  const durations = new Histogram({
    name: "polyvisor_http_request_duration_seconds",
    help: "Time of answers by route and status, streams excepted",
    labelNames: ["route", "status"] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  app.addHook("onResponse", async (request, reply) => {
    const { route } = request.routeOptions.config;
    if (route !== undefined && route !== "eventStream" && route !== "vmConsole")
      durations.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });

  async function* pieces(): AsyncGenerator<string> {
    const own = await registry.metrics();
    yield own.replace(/# EOF\s*$/, "");
    for (const piece of estateText(control.metrics())) {
      yield piece;
      await turn();
      if (stopping.aborted) return;
    }
    yield "# EOF\n";
  }
  app.get("/metrics", {
    exposeHeadRoute: false,
    onRequest: async (request) => void (await callerOf(request)),
    handler: (_, reply) => reply.type(Registry.OPENMETRICS_CONTENT_TYPE).header("cache-control", "no-store").send(Readable.from(pieces())),
  });
}
