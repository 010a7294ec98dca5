import { describe, expect, it } from "vitest";
import { ConsoleLine, refusalOf, type LineState } from "./consoleLine.ts";

/** A WebSocket that only ends; the line uses nothing else of one. */
class Wire extends EventTarget {
  binaryType = "";
  closed = false;
  close(): void {
    this.closed = true;
  }
  /** The other side ends it. */
  drop(code: number, reason = ""): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

function made() {
  const wires: Wire[] = [];
  const urls: string[] = [];
  const states: LineState[] = [];
  const timers: { ms: number; fn: () => void }[] = [];
  let asked = 0;
  const line = new ConsoleLine({
    url: (force) => (force ? "forced" : "plain"),
    open: (url) => {
      urls.push(url);
      const wire = new Wire();
      wires.push(wire);
      return wire as unknown as WebSocket;
    },
    onSocket: () => undefined,
    onState: (state) => states.push(state),
    signedIn: async () => void asked++,
    after: (ms, fn) => {
      const timer = { ms, fn };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  });
  line.connect();
  return { line, wires, urls, states, timers, asked: () => asked };
}

describe("the line to a console", () => {
  it("comes again at once when the server restarts, and waits longer each time it does not come", () => {
    const { line, wires, states, timers } = made();
    line.heard();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      wires.at(-1)!.drop(1012, "the server stops");
      expect(states.at(-1)).toEqual({ is: "waiting", why: "the server stops" });
      const { ms, fn } = timers.pop()!;
      waits.push(ms);
      fn();
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 5000, 10000, 10000, 10000]);
    line.heard();
    wires.at(-1)!.drop(1011, "cut");
    expect(timers.pop()!.ms).toBe(250);
  });

  it("is not taken back from who took it over, unless that is wanted", () => {
    const { line, wires, urls, states, timers } = made();
    line.heard();
    wires[0]!.drop(1000, "the console was closed on its host");
    timers.pop()!.fn();
    wires[1]!.drop(4409, "inUse: someone holds the text console of a");
    expect(states.at(-1)).toEqual({ is: "held", why: "someone holds the text console of a" });
    expect(timers).toEqual([]);
    line.connect(true);
    expect(urls).toEqual(["plain", "plain", "forced"]);
  });

  it("gives up where the server says no, and not where it is only busy", () => {
    const { line, wires, states, timers } = made();
    wires[0]!.drop(4403, "forbidden: you lack vm.console");
    expect(states.at(-1)).toEqual({ is: "refused", code: "forbidden", why: "you lack vm.console" });
    expect(timers).toEqual([]);
    line.connect();
    wires[1]!.drop(4503, "starting: the server starts");
    expect(states.at(-1)).toEqual({ is: "waiting", why: "the server starts" });
    // Each attempt is an entry of the audit log: they come to an end.
    for (let i = 2; i < 20 && timers.length > 0; i++) {
      timers.pop()!.fn();
      wires.at(-1)!.drop(4503, "starting: the server starts");
    }
    expect(states.at(-1)).toMatchObject({ is: "refused", code: "starting" });
    expect(wires.length).toBeLessThan(10);
  });

  it("asks whether anybody is signed in where it is cut without a word", async () => {
    const { wires, timers, asked } = made();
    wires[0]!.drop(1006);
    expect([asked(), timers.length]).toEqual([1, 0]);
    await expect.poll(() => timers.length).toBe(1);
  });

  it("is silent once it is ended", () => {
    const { line, wires, states, timers } = made();
    const before = states.length;
    line.end();
    wires[0]!.drop(1006);
    expect([wires[0]!.closed, states.length, timers.length]).toEqual([true, before, 0]);
  });

  it("reads refusals, and only those", () => {
    expect(refusalOf(4409, "inUse: x: y")).toEqual({ code: "inUse", why: "x: y" });
    expect([refusalOf(1000, "a: b"), refusalOf(4999, "a: b")]).toEqual([undefined, undefined]);
    expect(refusalOf(4500, "cut off mid")).toMatchObject({ code: "internal" });
  });
});
