import type { Event } from "@polyvisor/model";

/** One message of a server-sent event stream (WHATWG HTML, section 9.2). */
export interface ServerSentMessage {
  id?: string;
  event?: string;
  data: string;
}

/**
 * Reads the stream's text piece by piece; gives the messages that are complete. Comments are skipped.
 * @throws RangeError when one message is longer than `limit` characters
 */
export function messageReader(limit = 16 * 1024 ** 2): (text: string) => ServerSentMessage[] {
  let rest = "";
  let id: string | undefined;
  let event: string | undefined;
  let data: string[] = [];
  let size = 0;
  return (text) => {
    const out: ServerSentMessage[] = [];
    rest += text;
    for (;;) {
      const end = rest.search(/\r\n|\n|\r(?=[^])/);
      if (end < 0) break;
      const line = rest.slice(0, end);
      rest = rest.slice(end + (rest.startsWith("\r\n", end) ? 2 : 1));
      if (line === "") {
        if (data.length > 0) out.push({ id, event, data: data.join("\n") });
        event = undefined;
        data = [];
        size = 0;
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
      if (field === "data") {
        size += value.length;
        if (size > limit) throw new RangeError("a message of the event stream is too long");
        data.push(value);
      } else if (field === "id") id = value;
      else if (field === "event") event = value;
    }
    if (rest.length > limit) throw new RangeError("a line of the event stream is too long");
    return out;
  };
}

export interface EventSourceOptions {
  open(since: string | undefined, signal: AbortSignal): Promise<Response>;
  delay(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** An answer after which trying again is useless (not signed in). */
  isFinal(error: unknown): boolean;
  signal: AbortSignal;
  since?: string | undefined;
  onConnection?: ((state: "open" | "lost") => void) | undefined;
}

/** Events, over as many connections as it takes. */
export async function* eventsOf(options: EventSourceOptions): AsyncGenerator<Event> {
  let last = options.since;
  let failures = 0;
  while (!options.signal.aborted) {
    try {
      const answer = await options.open(last, options.signal);
      options.onConnection?.("open");
      const read = messageReader();
      const decoder = new TextDecoder();
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        failures = 0;
        for (const message of read(decoder.decode(chunk, { stream: true }))) {
          if (message.id !== undefined) last = message.id;
          if (message.event === "ready") continue;
          yield JSON.parse(message.data) as Event;
        }
      }
    } catch (error) {
      if (options.signal.aborted) return;
      if (options.isFinal(error)) throw error;
    }
    if (options.signal.aborted) return;
    options.onConnection?.("lost");
    failures++;
    await options.delay(Math.min(10_000, 100 * 2 ** Math.min(failures, 7)), options.signal).catch(() => undefined);
  }
}
