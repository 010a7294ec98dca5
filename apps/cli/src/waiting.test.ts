import type { ServerResponse } from "node:http";
import { expect, it } from "vitest";
import { run } from "./program.ts";
import { aPlan, aTask } from "./testing/documents.ts";
import { fakeIo } from "./testing/fakeIo.ts";
import { fixtureServer, sent } from "./testing/fixtureServer.ts";

const eventOf = (task: object, id: number): string => {
  const event = { id: String(id), at: "2026-01-01T00:00:00.000Z", type: "changed", kind: "task", objectId: "t-000000000001", fields: ["state"], object: task };
  return `id: ${id}\nevent: changed\ndata: ${JSON.stringify(event)}\n\n`;
};

it("a long task is followed by its events: asked for when they say that something changed, and ended with them", async () => {
  let now = 0;
  let stream: ServerResponse | undefined;
  let task = aTask({ state: "running", progress: 0.1 });
  await using server = await fixtureServer({
    planMake: () => aPlan(),
    taskCreate: () => task,
    taskGet: () => task,
    eventStream(_asked, response) {
      response.writeHead(200, { "content-type": "text/event-stream" }).write('id: 7\nevent: ready\ndata: {"id":"7"}\n\n');
      stream = response;
      return sent;
    },
  });
  const io = fakeIo({ POLYVISOR_URL: server.url }, { now: () => now });
  const done = run(["start", "web1"], io);
  await expect.poll(() => server.of("taskGet").length).toBeGreaterThan(0);
  now = 400; // long enough for a stream
  await expect.poll(() => stream).toBeDefined();
  expect(server.of("eventStream")[0]!.query).toMatchObject({ kinds: "task", objectId: "t-000000000001" });
  // Once after the stream began, because something may have been before it; then no more until an event.
  let before = -1;
  await expect.poll(() => before === (before = server.of("taskGet").length), { interval: 200 }).toBe(true);
  now = 14_000; // the next look by itself would be in more than a second
  task = aTask();
  stream!.write(eventOf(task, 8));
  expect(await done).toBe(0);
  expect(server.of("taskGet")).toHaveLength(before + 1);
});

it("a server that gives no events is asked all the same", async () => {
  let now = 0;
  let asked = 0;
  await using server = await fixtureServer({
    planMake: () => aPlan(),
    taskCreate: () => aTask({ state: "running" }),
    taskGet: () => aTask(asked++ < 4 ? { state: "running" } : {}),
  });
  expect(await run(["start", "web1"], fakeIo({ POLYVISOR_URL: server.url }, { now: () => (now += 200) }))).toBe(0);
  expect(server.of("eventStream")).toHaveLength(1);
});
