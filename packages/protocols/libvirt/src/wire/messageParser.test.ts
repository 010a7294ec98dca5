import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBuilder } from "../testing/byteBuilder.ts";
import { MessageParser } from "./messageParser.ts";

interface Seen {
  procedure: number;
  serial: number;
  body: string;
}

function collector(limit?: number): { parser: MessageParser; seen: Seen[] } {
  const seen: Seen[] = [];
  const parser = new MessageParser((header, body) => {
    seen.push({ procedure: header.procedure, serial: header.serial, body: Buffer.from(body.rest()).toString("hex") });
  }, limit);
  return { parser, seen };
}

const messages = [
  new ByteBuilder().string("first").message({ procedure: 3, type: 1, serial: 1 }),
  new ByteBuilder().message({ procedure: 4, type: 1, serial: 2 }),
  new ByteBuilder()
    .u64(2n ** 63n)
    .string("third, a little longer than the others")
    .message({ procedure: -5, type: 2, serial: 0xffff_ffff }),
];
const stream = Buffer.concat(messages);
const whole = collector();
whole.parser.push(stream);

describe("message parser", () => {
  it("reads headers and bodies", () => {
    expect(whole.seen.map(({ procedure, serial }) => [procedure, serial])).toEqual([
      [3, 1],
      [4, 2],
      [-5, 0xffff_ffff],
    ]);
    expect(whole.seen.map(({ body }) => body)).toEqual(messages.map((each) => each.subarray(28).toString("hex")));
  });

  it("gives the same messages when fed byte by byte", () => {
    const { parser, seen } = collector();
    for (const byte of stream) parser.push(Buffer.from([byte]));
    expect(seen).toEqual(whole.seen);
    expect(parser.pending).toBe(0);
  });

  it("gives the same messages when cut at any offset", () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const { parser, seen } = collector();
      parser.push(stream.subarray(0, cut));
      parser.push(stream.subarray(cut));
      expect(seen).toEqual(whole.seen);
    }
  });

  it("gives the same messages from one reused buffer, as sockets deliver", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        const { parser, seen } = collector();
        const reused = Buffer.alloc(64);
        let at = 0;
        for (let i = 0; at < stream.length; i++) {
          const length = Math.min(sizes[i % sizes.length] ?? 1, stream.length - at);
          reused.fill(0xee);
          stream.copy(reused, 0, at, at + length);
          parser.push(reused, length);
          at += length;
        }
        expect(seen).toEqual(whole.seen);
      }),
    );
  });

  it.each([0, 4, 27, 0xffff_ffff])("refuses an announced length of %i", (length) => {
    const { parser } = collector();
    expect(() => parser.push(new ByteBuilder().u32(length).buffer)).toThrow(/announces/);
  });

  it("refuses a length over its limit, also when the length word comes in pieces", () => {
    const { parser } = collector(100);
    const announced = new ByteBuilder().u32(101).buffer;
    parser.push(announced.subarray(0, 3));
    expect(() => parser.push(announced.subarray(3))).toThrow("at most 100 are allowed");
  });

  it("holds what was received, not what was announced", () => {
    const { parser } = collector();
    parser.push(new ByteBuilder().u32(33_554_432).raw(1, 2, 3).buffer);
    expect(parser.pending).toBe(7);
  });

  it("hands nothing over once stopped, even within one chunk", () => {
    let count = 0;
    const parser: MessageParser = new MessageParser(() => {
      count++;
      parser.stop();
    });
    parser.push(stream);
    expect(count).toBe(1);
  });

  it("either yields messages or throws on random bytes, and never reads beyond them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (bytes, step) => {
        const { parser, seen } = collector();
        let total = 0;
        try {
          for (let at = 0; at < bytes.length; at += step) parser.push(Buffer.from(bytes.subarray(at, at + step)));
        } catch (error) {
          expect((error as Error).name).toBe("XdrError");
        }
        for (const each of seen) total += 28 + each.body.length / 2;
        expect(total).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 500 },
    );
  });
});
