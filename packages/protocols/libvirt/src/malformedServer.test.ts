import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Procedure } from "./call.ts";
import { ConnectionError } from "./connectionError.ts";
import { EventHub } from "./eventHub.ts";
import { procedures } from "./generated/procedures.ts";
import { RpcClient } from "./rpcClient.ts";
import { ByteBuilder } from "./testing/byteBuilder.ts";
import { FakeServer, hostname, openOver as open, PROC, reply, type Request } from "./testing/fakeServer.ts";
import type { Transport, TransportEvents } from "./transport/transport.ts";

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
      new ByteBuilder().u32(1).message({ procedure: 9_999, type: 2 }),
      new ByteBuilder().message({ procedure: 59, type: 1, serial: 77 }),
      hostname(request),
    ]);
    await using conn = await open(server);
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
  });

  it("sends replies with any bytes changed, cut anywhere: each call ends, with a result or a named error", async () => {
    const list = procedures.find((each) => each.name === "connectListAllDomains") as Procedure;
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(flips, fc.nat(), async (changes, cut) => {
        let events: TransportEvents | undefined;
        const transport: Transport = {
          peer: "test",
          confidential: true,
          start: (given) => {
            events = given;
          },
          send: () => true,
          pause: () => {},
          destroy: () => {},
        };
        const client = new RpcClient(transport, {
          callTimeoutMs: 0,
          streamBufferBytes: 1,
          slowCalls: 4,
          bulk: false,
          events: new EventHub(() => {}),
          ended: () => {},
        });
        const call = client.invoke(list, { needResults: 1 }, undefined).catch((error: Error) => error);
        const bytes = new ByteBuilder()
          .u32(1)
          .domain("vm", "01234567-89ab-cdef-0123-456789abcdef", 1)
          .u32(1)
          .message({ procedure: list.number, type: 1, serial: 1 });
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        events?.bytes(bytes.subarray(0, cut % bytes.length), cut % bytes.length);
        events?.bytes(bytes.subarray(cut % bytes.length), bytes.length - (cut % bytes.length));
        client.end(new ConnectionError("closed", "done"));
        const result = await call;
        if (result instanceof Error) expect(["ConnectionError", "LibvirtError"]).toContain(result.name);
        else expect((result as { domains: unknown[] }).domains.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });
});
