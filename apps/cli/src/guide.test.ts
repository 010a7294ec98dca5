import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { exitCodes } from "./exitCode.ts";
import { guide } from "./guide.ts";

it("stands in docs/guide/cli.md as the catalogue makes it: node apps/cli/src/guide.ts writes it", () => {
  expect(readFileSync(new URL("../../../docs/guide/cli.md", import.meta.url), "utf8")).toBe(guide());
});
it("names every exit code", () => {
  for (const code of Object.values(exitCodes)) expect(guide()).toContain(`| ${code} |`);
});
