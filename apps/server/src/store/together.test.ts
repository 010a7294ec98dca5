import { expect, test } from "vitest";
import { together } from "./together.ts";

test("all are heard out, and the first failure in their order is told", async () => {
  const late = Promise.withResolvers<number>();
  let over = false;
  const all = together([late.promise, Promise.reject(new Error("second")), 3]).finally(() => (over = true));
  all.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  expect(over).toBe(false);
  late.reject(new Error("first"));
  await expect(all).rejects.toThrow("first");
});

test("their answers come in their order", async () => {
  expect(await together([Promise.resolve(1), "two", undefined])).toEqual([1, "two", undefined]);
});
