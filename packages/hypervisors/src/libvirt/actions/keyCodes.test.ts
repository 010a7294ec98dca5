import { describe, expect, it } from "vitest";
import { keyCode } from "./keyCodes.ts";

describe("the code of a key", () => {
  // Numbers of linux/input-event-codes.h, spread over its rows.
  it.each([
    ["esc", 1],
    ["KEY_1", 2],
    ["q", 16],
    ["ENTER", 28],
    ["ctrl", 29],
    ["a", 30],
    ["KEY_LEFTSHIFT", 42],
    ["z", 44],
    ["alt", 56],
    ["space", 57],
    ["f1", 59],
    ["f10", 68],
    ["kp7", 71],
    ["kpdot", 83],
    ["f11", 87],
    ["f12", 88],
    ["KEY_SYSRQ", 99],
    ["altgr", 100],
    ["home", 102],
    ["up", 103],
    ["del", 111],
    ["power", 116],
    ["pause", 119],
    ["win", 125],
    ["wakeup", 143],
  ])("%s is %i", (name, code) => {
    expect(keyCode(name)).toBe(code);
  });

  it("is refused where there is no such key, with its place", () => {
    expect(() => keyCode("hyper", "/keys/1")).toThrow(expect.objectContaining({ code: "badRequest", where: "/keys/1" }));
    expect(() => keyCode("__proto__")).toThrow(/no key/);
  });
});
