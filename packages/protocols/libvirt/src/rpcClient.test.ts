import { describe, expect, it } from "vitest";
import { ByteBuilder } from "./testing/byteBuilder.ts";
import { errorReply, FakeServer, hostname, openOver as open, reply, silent, until, type Request } from "./testing/fakeServer.ts";

describe("calls", () => {
  it("are pipelined and matched by serial, whatever the order of replies", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start(silent(held));
    await using conn = await open(server);
    const answers = Promise.all(["a", "b", "c"].map(() => conn.call.connectGetHostname()));
    await until("three requests", () => held.length === 3);
    for (const [index, request] of held.toReversed().entries()) server.send(reply(request, new ByteBuilder().string(`reply-${index}`)));
    expect((await answers).map((each) => each.hostname)).toEqual(["reply-2", "reply-1", "reply-0"]);
  });

  it("of one turn leave in one write", async () => {
    await using server = await FakeServer.start(hostname);
    await using conn = await open(server);
    const chunks: number[] = [];
    for (const socket of server.sockets) socket.on("data", (chunk) => chunks.push(chunk.length));
    await Promise.all(Array.from({ length: 50 }, () => conn.call.connectGetHostname()));
    expect(chunks).toEqual([50 * 28]);
  });

  it("reject with libvirt's own error, by code and name", async () => {
    await using server = await FakeServer.start((request) => errorReply(request, 42, "no such domain"));
    await using conn = await open(server);
    await expect(conn.call.connectGetHostname()).rejects.toMatchObject({
      name: "LibvirtError",
      code: 42,
      codeName: "VIR_ERR_NO_DOMAIN",
      domain: 10,
      domainName: "VIR_FROM_QEMU",
      level: 2,
      procedure: "connectGetHostname",
      message: "no such domain",
    });
  });

  it("reject arguments that do not fit, send nothing for them and leave the connection well", async () => {
    await using server = await FakeServer.start(hostname);
    await using conn = await open(server);
    const before = server.requests.length;
    await expect(conn.call.domainLookupByUuid({ uuid: "not-a-uuid" })).rejects.toThrow(/domainLookupByUuid: uuid: "not-a-uuid" is no UUID/);
    await expect(conn.call.domainDefineXml({ xml: "x".repeat(4_194_305) })).rejects.toThrow(/xml: 4194305 bytes, at most 4194304/);
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
    expect(server.requests.length).toBe(before + 1);
    expect(conn.outstanding).toBe(0);
  });

  it("end at their deadline; the late reply disturbs nobody", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start((request) => (held.length === 0 ? silent(held)(request) : hostname(request)));
    await using conn = await open(server);
    await expect(conn.call.connectGetHostname({ timeoutMs: 1 })).rejects.toMatchObject({ name: "ConnectionError", kind: "timeout" });
    expect(conn.outstanding).toBe(1);
    server.send(reply(held[0] as Request, new ByteBuilder().string("late")));
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
    expect(conn.outstanding).toBe(0);
    expect(conn.open).toBe(true);
  });

  it("end when their signal aborts, before and while they wait, with its reason", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start(silent(held));
    await using conn = await open(server);
    const control = new AbortController();
    const call = conn.call.connectGetHostname({ signal: control.signal });
    await until("the request", () => held.length === 1);
    control.abort(new Error("changed my mind"));
    await expect(call).rejects.toThrow("changed my mind");
    await expect(conn.call.connectGetHostname({ signal: control.signal })).rejects.toThrow("changed my mind");
    expect(held.length).toBe(1);
  });

  it("share one signal by the thousand; those answered before it aborts are left alone", async () => {
    let answered = 0;
    await using server = await FakeServer.start((request) => (answered++ < 1_000 ? hostname(request) : undefined));
    await using conn = await open(server);
    const control = new AbortController();
    const calls = Array.from({ length: 3_000 }, () => conn.call.connectGetHostname({ signal: control.signal }));
    const settled = Promise.allSettled(calls);
    await calls[999];
    await until("all requests", () => answered === 3_000);
    control.abort(new Error("enough"));
    const counts = Map.groupBy(await settled, (each) => (each.status === "fulfilled" ? "fulfilled" : (each.reason as Error).message));
    expect([...counts].map(([name, list]) => [name, list.length])).toEqual([
      ["fulfilled", 1_000],
      ["enough", 2_000],
    ]);
    expect(conn.outstanding).toBe(2_000);
  });

  it("read a reply of many megabytes that comes in pieces", async () => {
    const xml = `<domain>${"ü".repeat(1_500_000)}</domain>`;
    await using server = await FakeServer.start((request) => reply(request, new ByteBuilder().string(xml)));
    await using conn = await open(server);
    expect((await conn.call.connectGetCapabilities()).capabilities).toBe(xml);
  });
});
