import { pino } from "pino";
import { expect, test } from "vitest";
import { LogRooms, logRoomsOf, roomLog } from "./logRooms.ts";

function made(): { lines: string[]; rooms: LogRooms; log: pino.Logger } {
  const lines: string[] = [];
  const log = pino({ level: "info", base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line).msg as string) });
  return { lines, rooms: new LogRooms(log), log };
}

test("a room has the server's level until it gets its own, and again after", () => {
  const { lines, rooms, log } = made();
  const hosts = roomLog(log, "hosts");
  const store = roomLog(log, "store");
  hosts.debug("1");
  rooms.set("debug", "hosts");
  hosts.debug("2");
  store.debug("3");
  rooms.set("warn");
  store.info("4");
  hosts.debug("5"); // its own stays
  rooms.set("default", "hosts");
  hosts.info("6");
  log.warn("7");
  expect(lines).toEqual(["2", "5", "7"]);
  expect(rooms.now()).toEqual({ level: "warn", rooms: { hosts: "warn", store: "warn" } });
});

test("one that was never asked for is known after it was", () => {
  const { rooms, log } = made();
  expect(rooms.has("tasks")).toBe(false);
  expect(roomLog(log, "tasks")).toBe(roomLog(log, "tasks"));
  expect(rooms.has("tasks")).toBe(true);
  expect(logRoomsOf(log)).toBe(rooms);
});
