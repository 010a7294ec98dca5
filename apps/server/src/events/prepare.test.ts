import { expect, it } from "vitest";
import { Estate } from "../estate/estate.ts";
import { aHost } from "../lab/sampleObjects.ts";
import type { Draft } from "./draft.ts";
import { pieceSize, prepare, rowLimit, workLimit, type Waiting } from "./prepare.ts";

const waiting = (mutation: (draft: Draft) => unknown): Waiting => ({
  mutation,
  actor: undefined,
  arrived: 0,
  impatient: false,
  resolve: () => undefined,
  reject: () => undefined,
});
let n = 0;
const putting = (objects: number): Waiting =>
  waiting((draft) => {
    for (let i = 0; i < objects; i++) draft.put(aHost(`h-${n++}`), { type: "created" });
  });

it("a transaction has fewer changes than its limit and one piece of an inventory more", () => {
  const queue = Array.from({ length: 50 }, () => putting(pieceSize - 1));
  let batches = 0;
  for (; queue.length > 0; batches++) {
    const { draft, open } = prepare(queue, new Estate(), Infinity, 0);
    expect(open.length).toBeGreaterThan(0);
    expect(draft.changes.length).toBeLessThan(rowLimit + pieceSize);
  }
  expect(batches).toBeGreaterThan(50 / 7);
});

it("a slow machine makes smaller transactions: none takes another mutation after its time", () => {
  let time = 0;
  const slow = (ms: number): Waiting => waiting((draft) => ((time += ms), draft.put(aHost(`h-${n++}`), { type: "created" })));
  const queue = [...Array.from({ length: 10 }, () => slow(workLimit / 4)), slow(workLimit * 20), slow(1), slow(1)];
  const sizes: number[] = [];
  while (queue.length > 0) sizes.push(prepare(queue, new Estate(), Infinity, 0, () => time).open.length);
  // Four fill the time; the very slow one is taken, or it never would be, and ends its transaction.
  expect(sizes).toEqual([4, 4, 3, 2]);
});
