import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventsOf, messageReader, type ServerSentMessage } from "./serverSentEvents.ts";

const stream = 'retry: 1000\n: hello\n\nid: 7\nevent: ready\ndata: {}\n\nid: 8\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata:x\n\n';
const expected: ServerSentMessage[] = [
  { id: "7", event: "ready", data: "{}" },
  { id: "8", event: undefined, data: '{"a":\n1}' },
  { id: "8", event: undefined, data: "x" },
];

describe("messageReader", () => {
  it("reads a stream the same however it is cut", () => {
    expect(messageReader()(stream)).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
        const read = messageReader();
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const out = places.slice(1).flatMap((end, i) => read(stream.slice(places[i], end)));
        expect(out).toEqual(expected);
      }),
    );
  });
  it("refuses a message and a line past its bound", () => {
    expect(() => messageReader(10)("data: 12345678901234")).toThrow(/too long/);
    const read = messageReader(10);
    expect(() => read("data: 12345678\ndata: 12345678\n")).toThrow(/too long/);
  });
});

describe("eventsOf", () => {
  const answer = (text: string) => new Response(text);
  const event = (id: number) => `id: ${id}\ndata: ${JSON.stringify({ id: String(id), type: "changed" })}\n\n`;

  it("reconnects after a drop and asks for what follows the last event it saw", async () => {
    const asked: (string | undefined)[] = [];
    const answers = [answer(event(1) + event(2) + 'id: 3\ndata: {"half'), answer(event(3)), answer(event(4))];
    const controller = new AbortController();
    const states: string[] = [];
    const seen: string[] = [];
    for await (const each of eventsOf({
      open: async (since) => (asked.push(since), answers.shift()!),
      delay: async () => undefined,
      isFinal: () => false,
      signal: controller.signal,
      onConnection: (state) => states.push(state),
    })) {
      seen.push(each.id);
      if (seen.length === 4) controller.abort();
    }
    expect(seen).toEqual(["1", "2", "3", "4"]);
    expect(asked).toEqual([undefined, "2", "3"]);
    expect(states).toEqual(["open", "lost", "open", "lost", "open"]);
  });

  it("gives up on an answer that will not change", async () => {
    const events = eventsOf({
      open: () => Promise.reject(new Error("401")),
      delay: async () => undefined,
      isFinal: () => true,
      signal: new AbortController().signal,
    });
    await expect(events.next()).rejects.toThrow("401");
  });

  it("waits longer after each failure, up to 10 s", async () => {
    const waits: number[] = [];
    const controller = new AbortController();
    const events = eventsOf({
      open: () => Promise.reject(new Error("refused")),
      delay: async (ms) => void (waits.push(ms), waits.length === 10 && controller.abort()),
      isFinal: () => false,
      signal: controller.signal,
    });
    expect((await events.next()).done).toBe(true);
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
  });
});
