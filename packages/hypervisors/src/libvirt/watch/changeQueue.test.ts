import { describe, expect, it } from "vitest";
import { ChangeQueue } from "./changeQueue.ts";

describe("the queue of changes", () => {
  it("gives what was put in, in order, to one who comes before or after", async () => {
    const queue = new ChangeQueue<number>(10);
    queue.push(1);
    expect(await queue.next()).toEqual({ item: 1 });
    const later = queue.next();
    queue.push(2);
    queue.push(3);
    expect(await later).toEqual({ item: 2 });
    expect(await queue.next()).toEqual({ item: 3 });
  });

  it("says once that it overflowed, has lost everything then, and goes on", async () => {
    const queue = new ChangeQueue<number>(2);
    for (const each of [1, 2, 3, 4]) queue.push(each);
    expect(await queue.next()).toBe("overflowed");
    queue.push(5);
    expect(await queue.next()).toEqual({ item: 5 });
  });

  it("forgets what is older than an inventory, and that it overflowed", async () => {
    const queue = new ChangeQueue<number>(2);
    for (const each of [1, 2, 3]) queue.push(each);
    queue.clear();
    queue.push(4);
    expect(await queue.next()).toEqual({ item: 4 });
  });

  it("ends after what is queued, with the error where there is one", async () => {
    const queue = new ChangeQueue<number>(2);
    queue.push(1);
    queue.end(new Error("lost"));
    queue.push(2);
    expect(await queue.next()).toEqual({ item: 1 });
    await expect(queue.next()).rejects.toThrow("lost");
    const plain = new ChangeQueue<number>(2);
    const waiting = plain.next();
    plain.end();
    expect(await waiting).toBe("ended");
  });
});
