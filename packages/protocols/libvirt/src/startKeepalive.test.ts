import { describe, expect, it } from "vitest";
import { connect } from "./connect.ts";
import { ByteBuilder } from "./testing/byteBuilder.ts";
import { FakeServer, reply, until, type Request } from "./testing/fakeServer.ts";

const PROGRAM = 0x6b656570;
const ping = new ByteBuilder().message({ program: PROGRAM, procedure: 1, type: 2 });
const pong = new ByteBuilder().message({ program: PROGRAM, procedure: 2, type: 2 });
const pings = (server: FakeServer): Request[] => server.requests.filter((each) => each.program === PROGRAM && each.procedure === 1);

describe("keepalive", () => {
  it("answers the server's ping at once", async () => {
    await using server = await FakeServer.start(() => undefined);
    await using _conn = await connect("test:///default", { socketPath: server.path });
    server.send(ping);
    await until("a pong", () => server.requests.some((each) => each.program === PROGRAM && each.procedure === 2 && each.type === 2 && each.serial === 0));
  });

  it("declares a silent server dead after the count, and rejects what waits", async () => {
    await using server = await FakeServer.start(() => undefined, { keepalive: true });
    await using conn = await connect("test:///default", { socketPath: server.path, callTimeoutMs: 0, keepalive: { intervalMs: 10, count: 3 } });
    const call = conn.call.connectGetHostname();
    await expect(call).rejects.toMatchObject({ kind: "dead" });
    expect((await conn.closed).kind).toBe("dead");
    await until("three pings", () => pings(server).length === 3);
  });

  it("keeps a connection on which anything comes", async () => {
    await using server = await FakeServer.start((request) => (request.program === PROGRAM ? pong : undefined), { keepalive: true });
    await using conn = await connect("test:///default", { socketPath: server.path, keepalive: { intervalMs: 5, count: 10 } });
    await until("many pings", () => pings(server).length > 10);
    expect(conn.open).toBe(true);
  });

  it("is off where the server does not offer it", async () => {
    await using server = await FakeServer.start((request) => reply(request, new ByteBuilder().string("h")));
    await using conn = await connect("test:///default", { socketPath: server.path, keepalive: { intervalMs: 1, count: 1 } });
    for (let i = 0; i < 20; i++) await conn.call.connectGetHostname();
    expect(pings(server)).toEqual([]);
  });
});
