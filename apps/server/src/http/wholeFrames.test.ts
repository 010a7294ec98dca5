import fc from "fast-check";
import { expect, it } from "vitest";
import { closeFrame, WholeFrames } from "./wholeFrames.ts";

function frame(length: number, opcode: number, masked: boolean): Buffer {
  const more = length < 126 ? Buffer.alloc(0) : length < 65_536 ? Buffer.alloc(2) : Buffer.alloc(8);
  if (more.length === 2) more.writeUInt16BE(length);
  if (more.length === 8) more.writeBigUInt64BE(BigInt(length));
  const short = more.length === 0 ? length : more.length === 2 ? 126 : 127;
  return Buffer.concat([Buffer.of(0x80 | opcode, (masked ? 0x80 : 0) | short), more, Buffer.alloc(masked ? 4 : 0), Buffer.alloc(length, 0x88)]);
}

it("however the bytes come in pieces, all of them go on, and only whole frames", () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 65_000, max: 66_000 }));
  const frames = fc.array(fc.record({ length: lengths, opcode: fc.constantFrom(0, 1, 2, 9, 10), masked: fc.boolean() }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1 }), (list, sizes) => {
      const parts = list.map(({ length, opcode, masked }) => frame(length, opcode, masked));
      const all = Buffer.concat(parts);
      const ends = new Set([0]);
      for (const part of parts) ends.add([...ends].at(-1)! + part.length);
      const whole = new WholeFrames();
      const out: Buffer[] = [];
      let gone = 0;
      for (let at = 0, n = 0; at < all.length; n++) {
        const size = sizes[n % sizes.length]!;
        const went = whole.take(all.subarray(at, at + size));
        at += size;
        gone += went.length;
        out.push(Buffer.from(went));
        expect(ends.has(gone)).toBe(true);
        expect(whole.between).toBe(true);
      }
      expect(Buffer.concat(out).equals(all)).toBe(true);
      expect(whole.closed).toBe(false);
    }),
  );
});

it("a frame of more than a mebibyte goes on as it comes, and what follows it is found", () => {
  const whole = new WholeFrames();
  const long = frame(3 * 1024 ** 2, 2, false);
  expect(whole.take(long.subarray(0, 100))).toHaveLength(100);
  expect(whole.between).toBe(false);
  expect(whole.take(Buffer.concat([long.subarray(100), frame(5, 2, false).subarray(0, 3)]))).toHaveLength(long.length - 100);
  expect(whole.between).toBe(true);
  expect(whole.take(Buffer.alloc(4))).toHaveLength(7);
});

it("a goodbye is seen, and one of our own is a frame with its code and as much of its reason as there is room for", () => {
  const whole = new WholeFrames();
  const bytes = closeFrame(1012, "ä".repeat(200));
  expect(whole.take(bytes)).toEqual(bytes);
  expect(whole.closed).toBe(true);
  expect(bytes.readUInt16BE(2)).toBe(1012);
  expect(bytes.length).toBeLessThanOrEqual(127);
  expect(bytes.subarray(4).toString()).toBe("ä".repeat(61));
});

it("a length that no memory has is a long frame like any other", () => {
  const whole = new WholeFrames();
  const head = Buffer.concat([Buffer.of(0x82, 127), Buffer.alloc(8, 0xff)]);
  expect(whole.take(head)).toHaveLength(10);
  expect(whole.between).toBe(false);
});
