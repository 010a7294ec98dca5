import { expect, it } from "vitest";
import type { LiveWindow } from "../live/liveWindow.ts";
import { TreeModel, type Branch, type TreeLine } from "./treeModel.ts";

/** Lists that are there at once: `lists[filter]` are ids. */
function modelOver(lists: Record<string, string[]>): TreeModel {
  return new TreeModel(
    ({ filter = "" }) => {
      const ids = lists[filter] ?? [];
      const window = { total: ids.length, error: undefined, idAt: (index: number) => ids[index], places: () => ids.entries() };
      return { window: window as unknown as LiveWindow, want: () => undefined, close: () => undefined };
    },
    () => undefined,
  );
}
const text = (line: TreeLine | undefined): string => {
  if (!line) return "nothing";
  const name = line.is === "branch" ? line.branch.text : line.is === "object" ? line.id! : line.is;
  return `${" ".repeat(line.depth)}${name}`;
};
const linesOf = (model: TreeModel): string[] => Array.from({ length: model.length }, (_, index) => text(model.at(index)));
const roots: Branch[] = [{ key: "root", text: "site", icon: "site", list: { kind: "host" } }];

it("shows what is open, and each list in its place", () => {
  const model = modelOver({ "": ["h-1", "h-2", "h-3"], "host = h-2": ["vm-1", "vm-2"] });
  model.show(roots, new Set());
  expect(linesOf(model)).toEqual(["site"]);
  model.show(roots, new Set(["root", "root/h-2"]));
  expect(linesOf(model)).toEqual(["site", " h-1", " h-2", "  vm-1", "  vm-2", " h-3"]);
  expect(model.at(6)).toBeUndefined();
  expect(model.at(-1)).toBeUndefined();
  expect(model.at(3)).toMatchObject({ is: "object", kind: "vm", expandable: false });
  expect(model.at(2)).toMatchObject({ open: true, expandable: true });
});

it("finds any line of a long list at once", () => {
  const hosts = Array.from({ length: 2_500 }, (_, n) => `h-${n}`);
  const model = modelOver({ "": hosts, "host = h-7": Array.from({ length: 1_000 }, (_, n) => `vm-${n}`) });
  model.show(roots, new Set(["root", "root/h-7"]));
  expect(model.length).toBe(3_501);
  expect(text(model.at(1 + 7 + 1))).toBe("  vm-0");
  expect(text(model.at(1 + 8 + 1_000))).toBe(" h-8");
  expect(text(model.at(3_500))).toBe(" h-2499");
});
