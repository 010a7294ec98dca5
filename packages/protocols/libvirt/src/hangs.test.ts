import { describe, expect, it } from "vitest";
import { ByteBuilder } from "./testing/byteBuilder.ts";
import { FakeServer, hostname, lifecycleEvent, openOver as open, PROC, reply, silent, until, type Request } from "./testing/fakeServer.ts";

/** Each kind of hang that other clients of this protocol have had, and that must not happen here. */
describe("nothing hangs", () => {
  it("kind: an event's consumer calls back and waits while more events come", async () => {
    await using server = await FakeServer.start((request) => [
      lifecycleEvent("vm-2", 1),
      lifecycleEvent("vm-3", 1),
      hostname(request),
      lifecycleEvent("vm-4", 1),
    ]);
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
    conn.events.subscribe("domainEventCallbackLifecycle", () => {
      throw new Error("bad consumer");
    });
    conn.events.subscribe("domainEventCallbackLifecycle", ({ msg }) => {
      seen.push(msg.dom.name);
    });
    server.send(lifecycleEvent("vm-1", 0));
    await until("the other consumer", () => seen.length === 1);
    expect(faults).toEqual(["domainEventCallbackLifecycle: bad consumer"]);
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
  });

  it("kind: a subscription ends while its events are on the way, or from inside its own consumer", async () => {
    await using server = await FakeServer.start((request) => [lifecycleEvent("vm-2", 0), hostname(request), lifecycleEvent("vm-3", 0)]);
    await using conn = await open(server);
    const seen: string[] = [];
    const off = conn.events.subscribe("domainEventCallbackLifecycle", ({ msg }) => {
      seen.push(msg.dom.name);
      off();
      off();
    });
    server.send(Buffer.concat([lifecycleEvent("vm-1", 0), lifecycleEvent("vm-1b", 0)]));
    await until("the first event", () => seen.length === 1);
    await conn.call.connectGetHostname();
    await conn.call.connectGetHostname();
    expect(seen).toEqual(["vm-1"]);
  });

  it("closes when no call is under way, for libvirtd may die of that; a server that never answers holds it up no longer than a second", async () => {
    for (const answers of [true, false]) {
      const held: Request[] = [];
      await using server = await FakeServer.start((request) => void held.push(request));
      const conn = await open(server);
      const goodbyes = () => server.requests.filter(({ procedure }) => procedure === PROC.close).length;
      const given = new AbortController();
      const calls = [
        conn.call.connectDomainEventCallbackDeregisterAny({ callbackID: 1 }),
        conn.call.connectNetworkEventRegisterAny({ eventID: 0 }, { signal: given.signal }),
      ];
      void Promise.allSettled(calls);
      await until("both requests", () => held.length === 2);
      given.abort(); // given up here, still worked on there
      const closed = conn.close();
      if (answers) {
        held[0]!.socket.write(reply(held[0]!));
        await calls[0];
        expect(goodbyes()).toBe(0);
        held[1]!.socket.write(reply(held[1]!, new ByteBuilder().i32(1)));
      }
      await closed;
      expect(goodbyes()).toBe(1);
    }
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
    await using server = await FakeServer.start(
      (request) => {
        if (request.procedure === fatal) {
          request.socket.destroy();
          return undefined;
        }
        return reply(request, new ByteBuilder().u32(0));
      },
      { everything: true },
    );
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
