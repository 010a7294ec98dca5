import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VolumeContent } from "./volumeContent.ts";

const size = 200_000;

describe("the content of a volume", () => {
  it("is what was written where, and zeros elsewhere, also in its copy", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.integer({ min: 0, max: size - 1 }), length: fc.integer({ min: 0, max: 90_000 }), byte: fc.nat(255) }), { maxLength: 8 }),
        (writes) => {
          const model = new Uint8Array(size);
          const content = new VolumeContent();
          for (const { at, length, byte } of writes) {
            const bytes = new Uint8Array(Math.min(length, size - at)).fill(byte);
            content.write(at, bytes);
            model.set(bytes, at);
          }
          for (const each of [content, content.copy()]) expect(Buffer.concat([...each.read(size)]).equals(model)).toBe(true);
          content.clear();
          expect(Buffer.concat([...content.read(size)]).equals(new Uint8Array(size))).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("takes no memory for zeros", () => {
    const content = new VolumeContent();
    content.write(0, new Uint8Array(10 * 1024 ** 2));
    expect([content.allocation, content.length]).toEqual([0, 10 * 1024 ** 2]);
    content.write(5 * 1024 ** 2, Uint8Array.of(1));
    expect(content.allocation).toBe(65_536);
  });

  it("does not fill the machine's memory", () => {
    const content = new VolumeContent();
    const piece = new Uint8Array(16 * 1024 ** 2).fill(1);
    expect(() => {
      for (let i = 0; i < 64; i++) content.write(i * piece.length, piece);
    }).toThrow(expect.objectContaining({ code: "noSpace" }));
    content.clear();
    content.write(0, piece);
    content.clear();
  });
});
