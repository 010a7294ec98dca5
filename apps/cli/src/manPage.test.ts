import { expect, it } from "vitest";
import { catalogue } from "./catalogue/index.ts";
import { manPage, roff } from "./manPage.ts";

it("shows text as it is: no hyphen is broken at, no line is a request, no backslash begins an escape", () => {
  expect(roff(".so /etc/passwd\n'br\na\\b --x")).toBe("\\&.so /etc/passwd\n\\&'br\na\\eb \\-\\-x");
});
it("has every command and option, and no request but those it is made of", () => {
  const text = manPage("1.2.3");
  expect(text).toMatch(/^\.TH POLYVISOR 1 "" "Polyvisor 1\.2\.3"/);
  for (const row of catalogue) {
    expect(text).toContain(`.SS polyvisor ${roff(row.path)}`);
    for (const [flags] of row.options ?? []) expect(text).toContain(`.B ${roff(flags)}\n`);
  }
  const requests = new Set([...text.matchAll(/^[.'](\w*)/gm)].map(([, name]) => name));
  expect([...requests].sort()).toEqual(["B", "BR", "I", "PP", "SH", "SS", "TH", "TP", "fi", "nf"]);
});
