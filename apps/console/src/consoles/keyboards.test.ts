import { describe, expect, it } from "vitest";
import { layouts, strokesFor, type Stroke } from "./keyboards.ts";

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");
const spelt = (strokes: readonly Stroke[]): string => strokes.map((keys) => keys.map(({ code }) => code).join("+")).join(" ");

describe("a keyboard", () => {
  it.each(layouts)("of %s has all of ASCII, each character by strokes of its own", (layout) => {
    const { missing } = strokesFor(ascii, layout);
    expect(missing).toEqual([]);
    expect(new Set([...ascii].map((character) => spelt(strokesFor(character, layout).strokes))).size).toBe(ascii.length);
  });

  it("has its characters where they are on a real one", () => {
    expect(spelt(strokesFor("yZ@\\", "us").strokes)).toBe("KeyY ShiftLeft+KeyZ ShiftLeft+Digit2 Backslash");
    expect(spelt(strokesFor("yZ@\\", "de").strokes)).toBe("KeyZ ShiftLeft+KeyY AltRight+KeyQ AltRight+Minus");
    expect(spelt(strokesFor("é^`", "de").strokes)).toBe("Equal KeyE Backquote Space ShiftLeft+Equal Space");
    expect(spelt(strokesFor("a\r\nb\tc", "us").strokes)).toBe("KeyA Enter KeyB Tab KeyC");
  });

  it("names what it does not have, once", () => {
    expect(strokesFor("größer 中中🎉", "us")).toMatchObject({ missing: ["ö", "ß", "中", "🎉"] });
    expect(strokesFor("größer", "de").missing).toEqual([]);
    expect(strokesFor("\x1b[2J", "us").missing).toEqual(["\x1b"]);
  });

  it("takes letters with their accents in either form", () => {
    expect(strokesFor("e\u0301", "de")).toEqual(strokesFor("é", "de"));
  });
});
