import { describe, expect, it } from "vitest";
import { connect, type ConnectOptions } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { ByteBuilder } from "./testing/byteBuilder.ts";
import { errorReply, FakeServer, lifecycleEvent, PROC, reply, until, type Request } from "./testing/fakeServer.ts";

const hostname = (request: Request): Buffer => reply(request, new ByteBuilder().string("host-1"));
function open(server: FakeServer, options: ConnectOptions = {}): Promise<Connection> {
  return connect("test:///default", { socketPath: server.path, ...options });
}
/** Answers the first `count` host name calls with silence, and keeps them. */
function silent(held: Request[]): (request: Request) => Buffer | undefined {
  return (request) => {
    if (request.procedure === PROC.getHostname) held.push(request);
    return undefined;
  };
}

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
    await expect(conn.call.connectGetHostname()).rejects.toMatchObject({ name: "LibvirtError", code: 42, codeName: "VIR_ERR_NO_DOMAIN", domain: 10, domainName: "VIR_FROM_QEMU", level: 2, procedure: "connectGetHostname", message: "no such domain" });
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
    expect([...counts].map(([name, list]) => [name, list.length])).toEqual([["fulfilled", 1_000], ["enough", 2_000]]);
    expect(conn.outstanding).toBe(2_000);
  });

  it("read a reply of many megabytes that comes in pieces", async () => {
    const xml = `<domain>${"ü".repeat(1_500_000)}</domain>`;
    await using server = await FakeServer.start((request) => reply(request, new ByteBuilder().string(xml)));
    await using conn = await open(server);
    expect((await conn.call.connectGetCapabilities()).capabilities).toBe(xml);
  });
});

describe("slow calls", () => {
  const START = 9; // domainCreate, which may wait for a guest
  const DOM = { name: "vm", uuid: "01234567-89ab-cdef-0123-456789abcdef", id: -1 };
  const slow = (held: Request[]) => (request: Request): Buffer | undefined => {
    if (request.procedure === PROC.getHostname) return hostname(request);
    if (request.procedure === START) held.push(request);
    return undefined;
  };

  it("leave the server a place to read: four are under way, quick calls overtake the rest", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start(slow(held));
    await using conn = await open(server);
    const calls = Array.from({ length: 7 }, () => conn.call.domainCreate({ dom: DOM }));
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
    expect(held.length).toBe(4);
    server.send(Buffer.concat([reply(held[1] as Request), errorReply(held[0] as Request, 1, "no")]));
    await expect(calls[0]).rejects.toThrow("no");
    await until("two more", () => held.length === 6);
    await conn.call.connectGetHostname();
    expect(held.length).toBe(6);
    for (const request of held.slice(2)) server.send(reply(request));
    await until("the last", () => held.length === 7);
    server.send(reply(held[6] as Request));
    await Promise.all(calls.slice(1));
  });

  it("that wait are never sent once they are given up: nothing is done after all", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start(slow(held));
    await using conn = await open(server);
    const first = Array.from({ length: 4 }, () => conn.call.domainCreate({ dom: DOM }));
    const control = new AbortController();
    const aborted = conn.call.domainCreate({ dom: DOM }, { signal: control.signal });
    const late = conn.call.domainCreate({ dom: DOM }, { timeoutMs: 1 });
    const last = conn.call.domainCreate({ dom: DOM });
    control.abort(new Error("never mind"));
    await expect(aborted).rejects.toThrow("never mind");
    await expect(late).rejects.toThrow(/not sent within 1 ms.*not carried out/);
    for (const request of held.slice(0, 4)) server.send(reply(request));
    await Promise.all(first);
    await until("the last", () => held.length === 5);
    server.send(reply(held[4] as Request));
    await last;
    expect(server.requests.filter((each) => each.procedure === START).length).toBe(5);
  });

  it("given up while the server works on them keep their place until it answers", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start(slow(held));
    await using conn = await open(server, { slowCalls: 1 });
    await expect(conn.call.domainCreate({ dom: DOM }, { timeoutMs: 1 })).rejects.toMatchObject({ kind: "timeout" });
    const next = conn.call.domainCreate({ dom: DOM });
    await conn.call.connectGetHostname();
    expect(held.length).toBe(1);
    server.send(reply(held[0] as Request));
    await until("the next", () => held.length === 2);
    server.send(reply(held[1] as Request));
    await next;
  });
});

/** Each kind of hang that other clients of this protocol have had, and that must not happen here. */
describe("nothing hangs", () => {
  it("kind: an event's consumer calls back and waits while more events come", async () => {
    await using server = await FakeServer.start((request) => [lifecycleEvent("vm-2", 1), lifecycleEvent("vm-3", 1), hostname(request), lifecycleEvent("vm-4", 1)]);
    await using conn = await open(server);
    const seen: string[] = [];
    const done: string[] = [];
    conn.events.subscribe("domainEventCallbackLifecycle", async ({ msg }) => {
      seen.push(msg.dom.name);
      if (seen.length > 5) return;
      done.push((await conn.call.connectGetHostname()).hostname);
    });
    server.send(lifecycleEvent("vm-1", 0));
    await until("answers inside the consumer", () => done.length >= 3);
    expect(seen.slice(0, 4)).toEqual(["vm-1", "vm-2", "vm-3", "vm-4"]);
  });

  it("kind: nobody reads events, however many come", async () => {
    await using server = await FakeServer.start((request) => [...Array.from({ length: 5_000 }, (_, i) => lifecycleEvent(`vm-${i}`, 0)), hostname(request)]);
    await using conn = await open(server);
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
  });

  it("kind: an event's consumer throws", async () => {
    await using server = await FakeServer.start(hostname);
    const faults: string[] = [];
    await using conn = await open(server, { onListenerError: (error, kind) => faults.push(`${kind}: ${(error as Error).message}`) });
    const seen: string[] = [];
    conn.events.subscribe("domainEventCallbackLifecycle", () => { throw new Error("bad consumer"); });
    conn.events.subscribe("domainEventCallbackLifecycle", ({ msg }) => { seen.push(msg.dom.name); });
    server.send(lifecycleEvent("vm-1", 0));
    await until("the other consumer", () => seen.length === 1);
    expect(faults).toEqual(["domainEventCallbackLifecycle: bad consumer"]);
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
  });

  it("kind: a subscription ends while its events are on the way, or from inside its own consumer", async () => {
    await using server = await FakeServer.start((request) => [lifecycleEvent("vm-2", 0), hostname(request), lifecycleEvent("vm-3", 0)]);
    await using conn = await open(server);
    const seen: string[] = [];
    const off = conn.events.subscribe("domainEventCallbackLifecycle", ({ msg }) => { seen.push(msg.dom.name); off(); off(); });
    server.send(Buffer.concat([lifecycleEvent("vm-1", 0), lifecycleEvent("vm-1b", 0)]));
    await until("the first event", () => seen.length === 1);
    await conn.call.connectGetHostname();
    await conn.call.connectGetHostname();
    expect(seen).toEqual(["vm-1"]);
  });

  it("kind: the server dies with calls pending; all are rejected at once, and later ones too", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start(silent(held));
    await using conn = await open(server, { callTimeoutMs: 0 });
    const calls = Array.from({ length: 100 }, () => conn.call.connectGetHostname());
    await until("all requests", () => held.length === 100);
    for (const socket of server.sockets) socket.destroy();
    const results = await Promise.allSettled(calls);
    expect(new Set(results.map((each) => (each as PromiseRejectedResult).reason.kind as string))).toEqual(new Set(["lost"]));
    expect((await conn.closed).kind).toBe("lost");
    await expect(conn.call.connectGetHostname()).rejects.toMatchObject({ kind: "lost" });
  });

  it.each([PROC.authList, PROC.open])("kind: the server dies in the middle of opening, at procedure %i", async (fatal) => {
    await using server = await FakeServer.start((request) => {
      if (request.procedure === fatal) { request.socket.destroy(); return undefined; }
      return reply(request, new ByteBuilder().u32(0));
    }, { everything: true });
    await expect(open(server)).rejects.toMatchObject({ kind: "lost" });
  });

  it("kind: the server accepts and never says a word", async () => {
    await using server = await FakeServer.start(() => undefined, { everything: true });
    await expect(open(server, { openTimeoutMs: 30 })).rejects.toMatchObject({ kind: "timeout" });
    const control = new AbortController();
    const opening = open(server, { signal: control.signal });
    await until("the second connection's request", () => server.requests.length === 2);
    control.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
    await until("both sockets closed", () => server.sockets.size === 0);
  });

  it("kind: a call cannot be sent while another's reply arrives", async () => {
    await using server = await FakeServer.start(hostname);
    await using conn = await open(server);
    const mixed = await Promise.allSettled([conn.call.connectGetHostname(), conn.call.domainLookupById({ id: 1.5 }), conn.call.connectGetHostname()]);
    expect(mixed.map((each) => each.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("kind: a connection is closed and another opened at once; the old one's end does not touch the new one", async () => {
    await using server = await FakeServer.start(hostname);
    const first = await open(server);
    const closing = first.close();
    await using second = await open(server);
    await Promise.all([closing, first.close()]);
    expect((await first.closed).kind).toBe("closed");
    expect(await second.call.connectGetHostname()).toEqual({ hostname: "host-1" });
  });

  it("kind: the server does not read; calls end at their deadline and memory stays bounded", async () => {
    await using server = await FakeServer.start(hostname);
    await using conn = await open(server, { callTimeoutMs: 50 });
    for (const socket of server.sockets) socket.pause();
    const xml = "x".repeat(4_000_000);
    const results = await Promise.allSettled(Array.from({ length: 60 }, () => conn.call.domainLookupByName({ name: xml })));
    const kinds = results.map((each) => (each as PromiseRejectedResult).reason as Error);
    expect(new Set(kinds.map((each) => (each as { kind?: string }).kind))).toEqual(new Set(["timeout", "overrun"]));
    expect(kinds.filter((each) => (each as { kind?: string }).kind === "overrun").length).toBeGreaterThan(20);
  });
});

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
