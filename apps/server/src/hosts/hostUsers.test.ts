import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { HostUsers } from "./hostUsers.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const isIn = async (users: HostUsers, hostId: string): Promise<boolean> => {
  let is = false;
  void users.admitted(hostId).then(() => (is = true));
  await vi.advanceTimersByTimeAsync(0);
  return is;
};

it("a host that is never idle becomes so when what is new waits for a moment", async () => {
  const users = new HostUsers(() => Date.now());
  const leave = [users.enter("h-1"), users.enter("h-1")];
  const idle = vi.fn<() => void>();
  users.drain("h-1", idle);
  expect(await isIn(users, "h-1")).toBe(false);
  expect(await isIn(users, "h-2")).toBe(true);
  leave[0]!();
  leave[0]!(); // twice counts once
  expect(idle).not.toHaveBeenCalled();
  leave[1]!();
  expect(idle).toHaveBeenCalledOnce();
  expect(users.idle("h-1")).toBe(true);
  const waiting = users.admitted("h-1");
  users.undrain("h-1"); // it has gone
  await waiting;
});

it("something long keeps the host, and what is new waits no longer than three seconds, twice a minute", async () => {
  const users = new HostUsers(() => Date.now());
  users.enter("h-1");
  users.drain("h-1", () => undefined);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await isIn(users, "h-1")).toBe(true);
  users.drain("h-1", () => undefined);
  expect(await isIn(users, "h-1")).toBe(true); // not again so soon
  await vi.advanceTimersByTimeAsync(30_000);
  users.drain("h-1", () => undefined);
  expect(await isIn(users, "h-1")).toBe(false);
});
