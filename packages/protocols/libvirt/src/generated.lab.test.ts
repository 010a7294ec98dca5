import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("is what the generator makes of libvirt's own definition, fetched from the Debian source package", () => {
  const root = join(import.meta.dirname, "../../../..");
  expect(() =>
    execFileSync(process.execPath, [join(root, "tools/generate/libvirt.ts"), "--check"], { cwd: root, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" }),
  ).not.toThrow();
});
