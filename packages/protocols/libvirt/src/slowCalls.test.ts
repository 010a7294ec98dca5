import { describe, expect, it } from "vitest";
import { errorReply, FakeServer, hostname, openOver as open, PROC, reply, until, type Request } from "./testing/fakeServer.ts";

describe("slow calls", () => {
  const START = 9; // domainCreate, which may wait for a guest
  const ABORT_JOB = 164;
  const DOM = { name: "vm", uuid: "01234567-89ab-cdef-0123-456789abcdef", id: -1 };
  const slow =
    (held: Request[]) =>
    (request: Request): Buffer | undefined => {
      if (request.procedure === PROC.getHostname) return hostname(request);
      if (request.procedure === START) held.push(request);
      return undefined;
    };

  it("leave the server a place to read: three of a sort are under way, quick calls overtake the rest", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start(slow(held));
    await using conn = await open(server);
    const calls = Array.from({ length: 7 }, () => conn.call.domainCreate({ dom: DOM }));
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "host-1" });
    expect(held.length).toBe(3);
    server.send(Buffer.concat([reply(held[1] as Request), errorReply(held[0] as Request, 1, "no")]));
    await expect(calls[0]).rejects.toThrow("no");
    await until("two more", () => held.length === 5);
    await conn.call.connectGetHostname();
    expect(held.length).toBe(5);
    for (const request of held.slice(2)) server.send(reply(request));
    await until("the last two", () => held.length === 7);
    for (const request of held.slice(5)) server.send(reply(request));
    await Promise.all(calls.slice(1));
  });

  it("that wait are never sent once they are given up: nothing is done after all", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start(slow(held));
    await using conn = await open(server);
    const first = Array.from({ length: 3 }, () => conn.call.domainCreate({ dom: DOM }));
    const control = new AbortController();
    const aborted = conn.call.domainCreate({ dom: DOM }, { signal: control.signal });
    const late = conn.call.domainCreate({ dom: DOM }, { timeoutMs: 1 });
    const last = conn.call.domainCreate({ dom: DOM });
    control.abort(new Error("never mind"));
    await expect(aborted).rejects.toThrow("never mind");
    await expect(late).rejects.toThrow(/not sent within 1 ms.*not carried out/);
    for (const request of held.slice(0, 3)) server.send(reply(request));
    await Promise.all(first);
    await until("the last", () => held.length === 4);
    server.send(reply(held[3] as Request));
    await last;
    expect(server.requests.filter((each) => each.procedure === START).length).toBe(4);
  });

  it("that abort work do not wait behind it", async () => {
    const held: Request[] = [];
    await using server = await FakeServer.start((request) => (request.procedure === ABORT_JOB ? reply(request) : slow(held)(request)));
    await using conn = await open(server);
    const calls = Promise.allSettled(Array.from({ length: 20 }, () => conn.call.domainCreate({ dom: DOM })));
    await conn.call.domainAbortJob({ dom: DOM });
    expect(held.length).toBe(3);
    await conn.close();
    await calls;
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
