import { describe, expect, it } from "vitest";
import { pastTime } from "./pastTime.ts";

const now = new Date(2026, 10, 21, 16, 30, 5).getTime();
const local = (year: number, month: number, day: number, hour = 0, minute = 0, second = 0): string =>
  new Date(year, month, day, hour, minute, second).toISOString();

describe("a time in the past", () => {
  it.each([
    ["yesterday 15:00", local(2026, 10, 20, 15, 0, 0)],
    ["yesterday", local(2026, 10, 20, 0, 0, 0)],
    ["today 09:15:30", local(2026, 10, 21, 9, 15, 30)],
    ["14:30", local(2026, 10, 21, 14, 30, 0)],
    ["2026-03-01", local(2026, 2, 1, 0, 0, 0)],
    ["2026-03-01 7:05", local(2026, 2, 1, 7, 5, 0)],
    ["90m ago", new Date(now - 90 * 60_000).toISOString()],
    ["10 minutes ago", new Date(now - 600_000).toISOString()],
    ["1 hour ago", new Date(now - 3_600_000).toISOString()],
    ["2d", new Date(now - 2 * 86_400_000).toISOString()],
    ["2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"],
    ["2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00.000Z"],
    ["now", new Date(now).toISOString()],
  ])("%s", (text, time) => expect(pastTime(text, "--at", now)).toBe(time));
  it.each(["", "soon", "25:00", "2026-02-30", "2026-13-01 10:00", "yesterday at noon", "10", "1e9", "10 moons ago", "minutes ago", "constructor"])(
    "%j is none",
    (text) => {
      expect(() => pastTime(text, "--at", now)).toThrow(/--at does not understand/);
    },
  );
});
