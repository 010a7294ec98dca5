import { readFileSync } from "node:fs";
import { faultText, readFilter } from "@polyvisor/api";
import { expect, it } from "vitest";
import { examples, filterGuide } from "../tools/filterGuide.ts";

it("stands in docs/guide/filter.md as the schema makes it: node tools/filterGuide.ts writes it", () => {
  expect(readFileSync(new URL("../docs/guide/filter.md", import.meta.url), "utf8")).toBe(filterGuide());
});
it.each(examples)("%ss where %s can be read", (kind, filter) => {
  const read = readFilter(filter, kind, 0);
  expect(read.ok ? undefined : faultText(read)).toBeUndefined();
});
it("gives examples on the command line that can be read", () => {
  const filters = [...filterGuide().matchAll(/^polyvisor \w+ '([^']+)'/gm)].map((match) => match[1]!);
  expect(filters.length).toBeGreaterThan(1);
  for (const filter of filters) expect(readFilter(filter, "vm", 0).ok, filter).toBe(true);
});
