import type { Event } from "@polyvisor/model";
import type { Context, Run } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { usageFailure } from "../failure.ts";
import { escapeText } from "../output/escape.ts";
import { timeText } from "../output/quantity.ts";
import { jsonLine, yamlText } from "../output/structured.ts";
import { wholeNumber } from "./lifecycle.ts";

const kinds = ["host", "vm", "datastore", "network", "task"];

/** One event on one line. */
export function eventLine(event: Event, context: Pick<Context, "paint">): string {
  const object = event.object as { name?: string; title?: string; state?: string } | undefined;
  const name = object?.name ?? object?.title ?? event.objectId;
  const what = event.type === "reset" ? "everything is to be read anew" : event.type === "changed" ? `changed ${event.fields.join(", ")}` : event.type;
  return [
    timeText(event.at) ?? event.at,
    context.paint("cyan", event.kind.padEnd(9)),
    context.paint("bold", escapeText(name)),
    escapeText(what),
    ...(object?.state && event.fields.includes("state") ? [`-> ${escapeText(object.state)}`] : []),
    ...(event.cause ? [context.paint("grey", `(${escapeText(event.cause)})`)] : []),
  ].join("  ");
}

/** `events`: changes as they happen, until Ctrl-C or `--limit`. */
export const events: Run = async (context) => {
  const { words, options, io, output } = context;
  for (const kind of words) if (!kinds.includes(kind)) throw usageFailure(`There is no kind "${kind}".`, `Kinds are ${kinds.join(", ")}.`);
  const limit = options["limit"] === undefined ? Infinity : wholeNumber(options["limit"], "--limit");
  const client = await context.client();
  const stop = new AbortController();
  const release = io.onInterrupt(() => stop.abort());
  let lost = false;
  let n = 0;
  try {
    const since = options["since"] as string | undefined;
    for await (const event of client.events({
      signal: stop.signal,
      ...(words.length > 0 ? { kinds: words.join(",") } : {}),
      ...(since === undefined ? {} : { since }),
      onConnection: (state) => {
        if (state === "lost" && !stop.signal.aborted) context.note("The server does not answer; trying again …");
        if (state === "open" && lost) context.note("Connected again.");
        lost = state === "lost";
      },
    })) {
      if (output === "json") io.stdout.write(jsonLine(event));
      else if (output === "yaml") io.stdout.write(`---\n${await yamlText(event)}`);
      else context.say(eventLine(event, context));
      if (++n >= limit) break;
    }
    return exitCodes.ok;
  } finally {
    stop.abort();
    release();
  }
};
