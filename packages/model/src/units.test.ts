import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatBytes, formatDuration, parseBytes } from "./units.ts";

const GiB = 1024 ** 3;

describe("sizes", () => {
  it("are read as xl, virsh and qemu-img read them", () => {
    const cases: [string, number | undefined][] = [
      ["512M", 512 * 1024 ** 2],
      ["2G", 2 * GiB],
      ["2GiB", 2 * GiB],
      ["2gb", 2 * GiB],
      ["1.5T", 1536 * GiB],
      [" 4 K ", 4096],
      ["0", 0],
      ["17", 17],
      ["17 B", 17],
    ];
    for (const [text, bytes] of cases) expect(parseBytes(text), text).toBe(bytes);
    expect(parseBytes("4096", "M")).toBe(4 * GiB);
    expect(parseBytes("4096B", "M")).toBe(4096);
  });

  it("are refused when they are none", () => {
    for (const text of ["", "M", "-1", "1e9", "1,5G", "1 2", "0x10", "12Q", "1.2.3", "NaN", "Infinity", "9".repeat(40), "9999999999P", "1.5.G", "१२"])
      expect(parseBytes(text), text).toBeUndefined();
  });

  it("are whole and exact wherever they are read", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (text) => {
        const bytes = parseBytes(text);
        expect(bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= 0)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        fc.constantFrom("", "K", "M", "G", "T"),
        (n, unit) => void expect(parseBytes(`${n}${unit}`)).toBe(n * 1024 ** "_KMGT".indexOf(unit || "_")),
      ),
    );
  });

  it("are written for a person and read back to about the same", () => {
    expect([0, 1, 1023, 1024, 1536, 2 ** 20 - 1, 1023.4 * 1024, 512 * 1024 ** 2, 1.5 * GiB, 100.4 * GiB, 2 ** 50].map(formatBytes)).toEqual([
      "0 B",
      "1 B",
      "1023 B",
      "1 KiB",
      "1.5 KiB",
      "1 MiB",
      "1023 KiB",
      "512 MiB",
      "1.5 GiB",
      "100 GiB",
      "1 PiB",
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 52 }), (bytes) => {
        const back = parseBytes(formatBytes(bytes))!;
        expect(Math.abs(back - bytes)).toBeLessThanOrEqual(bytes * 0.05);
      }),
    );
  });
});

describe("durations", () => {
  it("are told by their two largest units", () => {
    expect([0, 0.4, 5, 60, 200, 3600, 14_700, 86_400, 12 * 86_400 + 3 * 3600 + 59, -7].map(formatDuration)).toEqual([
      "0s",
      "0s",
      "5s",
      "1m",
      "3m 20s",
      "1h",
      "4h 5m",
      "1d",
      "12d 3h",
      "0s",
    ]);
  });
});
