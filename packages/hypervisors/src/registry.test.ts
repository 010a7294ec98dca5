import { expect, it } from "vitest";
import { parseHypervisorUri } from "./registry.ts";

it.each([
  "qemu+tls://al:s3cret@h1/system",
  "qemu+tls://al:s3cret@h1:999999/system",
  "qemu+tls://al:s3c@ret@h 1/system",
  "nosuch://al:s3cret@h1/",
  "//al:s3cret@",
])("a pass phrase in a URI is refused and not repeated: %s", (text) => {
  let told: unknown;
  try {
    parseHypervisorUri(text);
  } catch (error) {
    told = error;
  }
  expect(told).toMatchObject({ code: "badUri" });
  expect(JSON.stringify([told, (told as Error).message, (told as { detail: string }).detail])).not.toMatch(/s3c/);
});

it("names the adapter that speaks a URI", () => {
  expect(parseHypervisorUri("qemu+tls://al@h1/system")).toMatchObject({ kind: { name: "libvirt" } });
  expect(() => parseHypervisorUri("esx://h1/")).toThrow(/no adapter speaks/);
});
