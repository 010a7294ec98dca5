import type { Snapshot } from "@polyvisor/model";
import { expect, it } from "vitest";
import { snapshotTree } from "./snapshotTree.ts";

const snapshot = (name: string, parent?: string): Snapshot => ({
  name,
  state: "off",
  withMemory: false,
  current: false,
  ...(parent === undefined ? {} : { parent }),
});
const shape = (snapshots: Snapshot[]): string[] =>
  snapshotTree(snapshots).map(({ snapshot: { name }, depth, below }) => `${"-".repeat(depth)}${name} ${below}`);

it("puts each below the one it was taken after", () => {
  expect(shape([snapshot("b", "a"), snapshot("a"), snapshot("c", "a"), snapshot("d", "b"), snapshot("e")])).toEqual(["a 3", "-b 1", "--d 0", "-c 0", "e 0"]);
});

it("loses none whose parent is gone, is itself, or lies in a ring", () => {
  expect(shape([snapshot("a", "gone"), snapshot("b", "b"), snapshot("c", "d"), snapshot("d", "c")])).toEqual(["a 0", "b 0", "c 1", "-d 0"]);
});

it("takes a chain of thousands", () => {
  const chain = Array.from({ length: 5_000 }, (_, i) => snapshot(`s${i}`, i === 0 ? undefined : `s${i - 1}`));
  expect(snapshotTree(chain).at(-1)).toMatchObject({ depth: 4_999 });
});
