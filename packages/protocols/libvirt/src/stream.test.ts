import { describe, expect, it } from "vitest";
import { ByteBuilder } from "./testing/byteBuilder.ts";
import { errorBody, errorReply, FakeServer, openOver as open, PROC, reply, streamMessage, until, type Request } from "./testing/fakeServer.ts";

const DOM = { name: "vm", uuid: "01234567-89ab-cdef-0123-456789abcdef", id: 1 };
const VOL = { pool: "default", name: "v", key: "/v" };
const hole = (request: Request, length: bigint): Buffer =>
  new ByteBuilder().i64(length).u32(0).message({ procedure: request.procedure, type: 6, serial: request.serial, status: 2 });
const text = async (parts: AsyncIterable<Uint8Array>): Promise<string> => {
  let all = "";
  for await (const part of parts) all += Buffer.from(part).toString("latin1");
  return all;
};

describe("streams", () => {
  it("deliver what comes right behind the reply, in order, and end", async () => {
    await using server = await FakeServer.start((request) =>
      request.procedure === PROC.volDownload && request.type === 0
        ? [
            Buffer.concat([reply(request), streamMessage(request, 2, Buffer.from("one ")), streamMessage(request, 2, Buffer.from("two"))]),
            streamMessage(request, 2),
          ]
        : request.status === 0
          ? streamMessage(request, 0)
          : undefined,
    );
    await using conn = await open(server);
    const { stream } = await conn.call.storageVolDownload({ vol: VOL, offset: 0n, length: 0n });
    expect(await text(stream)).toBe("one two");
    await stream.finish();
  });

  it("show gaps as zero bytes, or as gaps", async () => {
    await using server = await FakeServer.start((request) =>
      request.procedure === PROC.volDownload && request.type === 0
        ? [
            reply(request),
            streamMessage(request, 2, [65]),
            hole(request, 300_000n),
            hole(request, 5n),
            streamMessage(request, 2, [66]),
            streamMessage(request, 2),
          ]
        : undefined,
    );
    await using conn = await open(server);
    const whole = await conn.call.storageVolDownload({ vol: VOL, offset: 0n, length: 0n, flags: 1 });
    const all = await text(whole.stream);
    expect([all.length, all[0], all.at(-1), all.slice(1, -1).replaceAll("\0", "")]).toEqual([300_007, "A", "B", ""]);
    const sparse = await conn.call.storageVolDownload({ vol: VOL, offset: 0n, length: 0n, flags: 1 });
    const parts: unknown[] = [];
    for (let part = await sparse.stream.readSparse(); part !== undefined; part = await sparse.stream.readSparse())
      parts.push(part instanceof Uint8Array ? [...part] : part.hole);
    expect(parts.filter((part) => typeof part === "bigint").reduce<bigint>((sum, part) => sum + (part as bigint), 0n)).toBe(300_005n);
    expect([parts[0], parts.at(-1)]).toEqual([[65], [66]]);
  });

  it("send any sizes of chunks unchanged, and finish when the server confirms", async () => {
    const got: Buffer[] = [];
    await using server = await FakeServer.start((request) => {
      if (request.type === 0) return reply(request);
      if (request.status === 2) {
        got.push(Buffer.from(request.body));
        return undefined;
      }
      return streamMessage(request, 0);
    });
    await using conn = await open(server);
    const { stream } = await conn.call.storageVolUpload({ vol: VOL, offset: 0n, length: 0n });
    const sent: Buffer[] = [];
    for (const size of [1, 7, 0, 262_119, 262_120, 262_121, 1_000_003]) {
      const chunk = Buffer.alloc(size, size % 251);
      sent.push(Buffer.from(chunk));
      await stream.write(chunk);
      chunk.fill(0); // the caller may reuse its buffer
    }
    await stream.writeHole(4096n);
    await stream.finish();
    expect(Math.max(...got.map((each) => each.length))).toBe(262_120);
    const received = Buffer.concat(got.filter((each) => each.length !== 12 || each.readBigInt64BE(0) !== 4096n));
    expect(received.equals(Buffer.concat(sent))).toBe(true);
    await expect(stream.write(Buffer.from("more"))).rejects.toMatchObject({ kind: "closed" });
  });

  it("hold a writer back while the server does not take its bytes", async () => {
    await using server = await FakeServer.start((request) => (request.type === 0 ? reply(request) : undefined));
    await using conn = await open(server);
    const { stream } = await conn.call.storageVolUpload({ vol: VOL, offset: 0n, length: 0n });
    for (const socket of server.sockets) socket.pause();
    let written = 0;
    const writing = (async () => {
      for (;;) {
        await stream.write(Buffer.alloc(200_000));
        written++;
      }
    })().catch((error: unknown) => error);
    await until("the socket to be full", () => written > 0 || server.requests.length > 0);
    let before = -1;
    await until("writing to stall", () => {
      const stalled = before === written;
      before = written;
      return stalled;
    });
    expect(written).toBeLessThan(100);
    for (const socket of server.sockets) socket.resume();
    const stalledAt = written;
    await until("writing to go on", () => written > stalledAt + 5);
    stream.abort();
    expect(await writing).toMatchObject({ kind: "closed" });
  });

  it("reject readers, writers and finish with the server's error; what came before it can be read", async () => {
    await using server = await FakeServer.start((request) =>
      request.type === 0
        ? [
            reply(request),
            streamMessage(request, 2, Buffer.from("partial")),
            errorBody(38, "no space left").message({ procedure: request.procedure, type: 3, serial: request.serial, status: 1 }),
          ]
        : undefined,
    );
    await using conn = await open(server);
    const { stream } = await conn.call.domainOpenConsole({ dom: DOM, devName: null });
    expect(Buffer.from((await stream.read()) ?? []).toString()).toBe("partial");
    await expect(stream.read()).rejects.toMatchObject({ name: "LibvirtError", codeName: "VIR_ERR_SYSTEM_ERROR", procedure: "domainOpenConsole" });
    await expect(stream.write(Buffer.from("x"))).rejects.toThrow("no space left");
    await expect(stream.finish()).rejects.toThrow("no space left");
    expect(conn.open).toBe(true);
  });

  it("of a refused call do not exist", async () => {
    await using server = await FakeServer.start((request) => reply(request, errorBody(55, "domain is not running"), 1));
    await using conn = await open(server);
    await expect(conn.call.domainOpenConsole({ dom: DOM })).rejects.toMatchObject({ codeName: "VIR_ERR_OPERATION_INVALID" });
  });

  it("nobody reads do not block other calls, and end with `overrun` at their bound", async () => {
    const flood = Buffer.alloc(60_000, 1);
    await using server = await FakeServer.start((request) => {
      if (request.procedure === PROC.getHostname) return reply(request, new ByteBuilder().string("h"));
      return request.type === 0 ? [reply(request), ...Array.from({ length: 10 }, () => streamMessage(request, 2, flood))] : undefined;
    });
    await using conn = await open(server);
    const { stream } = await conn.call.domainOpenConsole({ dom: DOM }, { streamBufferBytes: 100_000 });
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "h" });
    await until("the abort message", () => server.requests.some((each) => each.type === 3 && each.status === 1));
    expect(stream.bufferedBytes).toBeLessThanOrEqual(160_000);
    await expect(
      (async () => {
        while ((await stream.read()) !== undefined);
      })(),
    ).rejects.toMatchObject({ kind: "overrun" });
  });

  it("on a bulk connection make the reader wait for the consumer instead", async () => {
    const total = 80;
    await using server = await FakeServer.start((request) =>
      request.type === 0
        ? [reply(request), ...Array.from({ length: total }, (_, i) => streamMessage(request, 2, Buffer.alloc(100_000, i))), streamMessage(request, 2)]
        : undefined,
    );
    await using ordinary = await open(server);
    await using conn = await ordinary.dedicated();
    const { stream } = await conn.call.storageVolDownload({ vol: VOL, offset: 0n, length: 0n }, { streamBufferBytes: 300_000 });
    await until("the bound", () => stream.bufferedBytes > 300_000);
    let bytes = 0;
    let most = 0;
    for await (const part of stream) {
      most = Math.max(most, stream.bufferedBytes);
      bytes += part.length;
    }
    expect(bytes).toBe(total * 100_000);
    expect(most).toBeLessThan(1_000_000);
  });

  it("that a consumer leaves early, or aborts, are given up at the server; late data is dropped", async () => {
    await using server = await FakeServer.start((request) => {
      if (request.procedure === PROC.getHostname) return reply(request, new ByteBuilder().string("h"));
      return request.type === 0
        ? [reply(request), streamMessage(request, 2, [1]), streamMessage(request, 2, [2])]
        : [streamMessage(request, 2, [3]), streamMessage(request, 0)];
    });
    await using conn = await open(server);
    const { stream } = await conn.call.domainOpenConsole({ dom: DOM });
    for await (const part of stream) {
      expect([...part]).toEqual([1]);
      break;
    }
    await until("the abort message", () => server.requests.some((each) => each.type === 3 && each.status === 1));
    expect(await stream.read()).toBeUndefined();
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "h" });
  });

  it("read to their end are finished at the server, which would keep them", async () => {
    await using server = await FakeServer.start((request) => {
      if (request.type === 0) return [reply(request), streamMessage(request, 2, [65]), streamMessage(request, 2)];
      return streamMessage(request, 0);
    });
    await using conn = await open(server);
    const { stream } = await conn.call.storageVolDownload({ vol: VOL, offset: 0n, length: 0n });
    expect(await text(stream)).toBe("A");
    await until("the end message", () => server.requests.some((each) => each.type === 3 && each.status === 0));
    await stream.finish();
    expect(server.requests.filter((each) => each.type === 3).length).toBe(1);
  });

  it("filled before the call is refused, on a bulk connection, do not stop its reading for ever", async () => {
    await using server = await FakeServer.start((request) => {
      if (request.procedure === PROC.getHostname) return reply(request, new ByteBuilder().string("h"));
      return [streamMessage(request, 2, Buffer.alloc(200_000)), errorReply(request, 38, "refused")];
    });
    await using ordinary = await open(server);
    await using conn = await ordinary.dedicated();
    await expect(conn.call.storageVolDownload({ vol: VOL, offset: 0n, length: 0n }, { streamBufferBytes: 1_000 })).rejects.toThrow("refused");
    expect(await conn.call.connectGetHostname()).toEqual({ hostname: "h" });
  });

  it("opened by a call that was given up are aborted when the late reply comes", async () => {
    let held: Request | undefined;
    await using server = await FakeServer.start((request) => {
      if (request.type === 0 && request.procedure === PROC.openConsole) held = request;
      return undefined;
    });
    await using conn = await open(server);
    await expect(conn.call.domainOpenConsole({ dom: DOM }, { timeoutMs: 1 })).rejects.toMatchObject({ kind: "timeout" });
    server.send(Buffer.concat([reply(held as Request), streamMessage(held as Request, 2, [1, 2, 3])]));
    await until("the abort message", () => server.requests.some((each) => each.type === 3 && each.status === 1 && each.serial === held?.serial));
    expect(conn.open).toBe(true);
  });

  it("end with the connection: reader, writer and finish are rejected", async () => {
    await using server = await FakeServer.start((request) => (request.type === 0 ? reply(request) : undefined));
    await using conn = await open(server);
    const { stream } = await conn.call.domainOpenConsole({ dom: DOM });
    const reading = stream.read();
    const finishing = stream.finish();
    for (const socket of server.sockets) socket.destroy();
    await expect(reading).rejects.toMatchObject({ kind: "lost" });
    await expect(finishing).rejects.toMatchObject({ kind: "lost" });
  });
});
