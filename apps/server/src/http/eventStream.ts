import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { kindPrefixes, PolyvisorError, type Kind } from "@polyvisor/model";
import { readId, seenEvents, showId } from "../access/seenEvents.ts";
import type { Viewer } from "../access/viewer.ts";
import { stillSignedIn } from "./authenticate.ts";
import { eventFilter } from "./eventFilter.ts";
import { encodedRun, encodedText, gzipStart, takesGzip, type StreamEncoding } from "./eventEncoding.ts";
import type { Handlers, Services } from "./handler.ts";

/** Times of streams that go on for ever, in milliseconds. */
export interface StreamTimes {
  /** Between two comments that keep proxies from cutting a quiet stream, and two questions whether the token is still good. */
  heartbeatMs: number;
  /** How long a reader may leave full buffers standing before it is dropped; it resumes by id when it comes back. */
  stuckMs: number;
}
export const standardTimes: StreamTimes = { heartbeatMs: 15_000, stuckMs: 30_000 };

function kindsOf(text: string | undefined): ReadonlySet<Kind> | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const kinds = text.split(",").map((each) => each.trim());
  for (const kind of kinds)
    if (!Object.hasOwn(kindPrefixes, kind))
      throw new PolyvisorError("badRequest", {
        detail: `there is no kind "${kind.slice(0, 64)}"; known are ${Object.keys(kindPrefixes).join(", ")}`,
        where: "query kinds",
      });
  return new Set(kinds as Kind[]);
}

/** Server-sent events: `ready` first, then what was since the id that the reader names, then everything as it happens. */
export function eventStreamHandler({ control, access, identity, log, stopping }: Services, times: StreamTimes): Pick<Handlers, "eventStream"> {
  return {
    async eventStream({ query, request, reply, viewer }) {
      const filter = eventFilter(viewer.estate, query.filter, kindsOf(query.kinds));
      const { kinds } = filter;
      const header = request.headers["last-event-id"];
      const asked = query.since ?? (typeof header === "string" && header !== "" ? header : undefined);
      // The place is fixed before the subscription begins: nothing falls between.
      const since =
        asked === undefined
          ? control.events.lastId()
          : readId(asked, viewer, access.secrets, query.since === undefined ? "header Last-Event-ID" : "query since");
      const shown = showId(since, viewer, access.secrets);

      const over = new AbortController();
      const response = reply.raw;
      reply.hijack();
      response.on("close", () => over.abort()).on("error", () => over.abort());
      const signal = AbortSignal.any([over.signal, stopping]);
      const encoding: StreamEncoding = takesGzip(request.headers["accept-encoding"]) ? "gzip" : "plain";
      response.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        vary: "accept-encoding",
        ...(encoding === "gzip" ? { "content-encoding": "gzip" } : {}),
        "x-accel-buffering": "no",
      });
      response.socket?.setNoDelay(true);
      if (encoding === "gzip") response.write(gzipStart);
      response.write(encodedText(`retry: 1000\nid: ${shown}\nevent: ready\ndata: {"id":"${shown}"}\n\n`, encoding));

      const timer = setInterval(() => {
        if (!response.writableNeedDrain) response.write(encodedText(":\n\n", encoding));
        void stillSignedIn(identity, request).then((still) => still || over.abort());
      }, times.heartbeatMs);
      const present = async (): Promise<Viewer> => {
        const caller = await stillSignedIn(identity, request);
        if (caller === false) over.abort();
        return access.viewer(typeof caller === "boolean" ? request.caller! : caller);
      };
      const sources = { events: control.events, secrets: access.secrets, onChange: access.onChange };
      try {
        for await (const run of seenEvents(sources, present, { since, kinds, objectId: query.objectId, signal })) {
          const passing = filter.passesAll ? run : run.filter((event) => filter.passes(event));
          if (passing.length === 0) continue;
          if (!response.write(encodedRun(passing, encoding))) await drained(response, signal, times.stuckMs);
          if (signal.aborted) break;
        }
      } catch (error) {
        if (!signal.aborted) log.warn({ requestId: request.id, err: error }, "an event stream broke");
      } finally {
        clearInterval(timer);
        // What the reader never took is thrown away: `end()` would wait for it for ever.
        if (response.writableNeedDrain && !stopping.aborted) response.destroy();
        else response.end();
      }
      return "sent" as const;
    },
  };
}

async function drained(response: ServerResponse, signal: AbortSignal, ms: number): Promise<void> {
  const patience = AbortSignal.timeout(ms);
  try {
    await once(response, "drain", { signal: AbortSignal.any([signal, patience]) });
  } catch {
    if (patience.aborted) throw new Error(`the reader took nothing for ${ms / 1000} s`);
  }
}
