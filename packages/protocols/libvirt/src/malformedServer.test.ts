import { describe, expect, it } from "vitest";
import { ByteBuilder } from "./testing/byteBuilder.ts";
import { FakeServer, hostname, openOver as open, PROC, reply, type Request } from "./testing/fakeServer.ts";

describe("a malformed server", () => {
  const junk: [string, (request: Request) => Buffer][] = [
    ["a length over the limit", () => new ByteBuilder().u32(0x7fff_ffff).buffer],
    ["a length under the header", () => new ByteBuilder().u32(3).buffer],
    ["text instead of RPC", () => Buffer.from("SSH-2.0-OpenSSH_9.2p1 Debian\r\n")],
    ["another version", (request) => new ByteBuilder().message({ procedure: request.procedure, type: 1, serial: request.serial, version: 2 })],
    ["an unknown type", (request) => new ByteBuilder().message({ procedure: request.procedure, type: 9, serial: request.serial })],
    ["a call to the client", () => new ByteBuilder().message({ procedure: 1, type: 0, serial: 1 })],
    ["an unknown status", (request) => reply(request, new ByteBuilder(), 7)],
    ["the reply of another procedure", (request) => new ByteBuilder().message({ procedure: 3, type: 1, serial: request.serial })],
    ["a result that is too short", (request) => reply(request, new ByteBuilder().u32(50).raw(65, 66, 67, 68))],
    ["a result with bytes left over", (request) => reply(request, new ByteBuilder().string("host").u32(0))],
    ["an error that is none", (request) => reply(request, new ByteBuilder().u32(1), 1)],
  ];
  it.each(junk)("sends %s: the call and the connection end with a named error", async (_name, answer) => {
    await using server = await FakeServer.start((request) => (request.procedure === PROC.getHostname ? answer(request) : undefined));
    await using conn = await open(server);
    await expect(conn.call.connectGetHostname()).rejects.toMatchObject({ name: "ConnectionError", kind: "protocol" });
    expect((await conn.closed).kind).toBe("protocol");
  });

  it("sends a malformed event that somebody hears: the connection ends", async () => {
    await using server = await FakeServer.start(hostname);
    await using conn = await open(server);
    conn.events.subscribe("domainEventCallbackLifecycle", () => {});
    server.send(new ByteBuilder().u32(1).message({ procedure: PROC.lifecycle, type: 2 }));
    expect((await conn.closed).kind).toBe("protocol");
  });

  it("sends events of kinds that this version does not know, and replies nobody asked for: both are passed over", async () => {
    await using server = await FakeServer.start((request) => [
      new ByteBuilder().u32(1).message({ procedure: 9_999, type: 2 }), new ByteBuilder().message({ procedure: 59, type: 1, serial: 77 }), hostname(request),
    ]);
    await using conn = await open(server);
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
  });
});
