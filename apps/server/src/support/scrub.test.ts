import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { scrub, scrubLine } from "./scrub.ts";
import { tarGz } from "./tarGz.ts";

describe("text", () => {
  test.each([
    "connecting to postgresql://app:geheim@db/x failed",
    "postgresql://app:ge:heim@db/x",
    "qemu+ssh://root:geheim@host/system",
    "authorization: Bearer geheim",
    'password="geheim"',
    "passPhrase=geheim&x=1",
    "pass phrase: geheim",
    '{"secret": "geheim"}',
    "token=geheim,",
    "api_key=geheim".replace("_", "-"),
    "-----BEGIN PRIVATE KEY-----\ngeheim\n-----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\ngeheim cut off",
  ])("%j loses its secret", (text) => expect(scrub(text)).not.toContain("heim"));
  test.each(["pv_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "7K2M-9X0Q-ADVE", "a".repeat(44)])("a token or a code, %s", (text) =>
    expect(scrub(`was ${text} here`)).toBe("was (left out) here"),
  );
  test("known secrets go wherever they stand; all else stays", () => {
    expect(scrub("role xq7 does not exist", ["xq7!", "role"])).toBe("(left out) xq7 does not exist");
    expect(scrub("select id from object where host_id = $1 and revision > 12")).toBe("select id from object where host_id = $1 and revision > 12");
    expect(scrub("vm-b7x2k9m4q8d1 lost h-000000000000 at 10.0.0.1:16509")).toContain("h-000000000000 at 10.0.0.1:16509");
  });
});

test("of a line of the log only fields that are known to be harmless are told on", () => {
  const line = JSON.stringify({
    level: "error",
    msg: "bad",
    host: { name: "geheim1" },
    body: "geheim2",
    err: { message: "x", where: "geheim=1", parameters: ["geheim3"], cause: { message: "token=geheim4" } },
  });
  expect(JSON.parse(scrubLine(line, [])!)).toEqual({
    level: "error",
    msg: "bad",
    host: { name: "geheim1" },
    err: { message: "x", where: "geheim=1", cause: { message: "token=(left out)" } },
  });
  expect(scrubLine("not JSON, geheim", [])).toBeUndefined();
});

test("the archive is one that tar reads", async () => {
  const { execFileSync } = await import("node:child_process");
  const made = tarGz(
    [
      ["a/one.txt", "ü".repeat(600)],
      ["a/empty", ""],
      ["a/block", "x".repeat(512)],
    ],
    1_700_000_000,
  );
  expect(gunzipSync(made).length % 512).toBe(0);
  expect(execFileSync("tar", ["-tzf", "-"], { input: made, encoding: "utf8" }).split("\n")).toEqual(["a/one.txt", "a/empty", "a/block", ""]);
  expect(execFileSync("tar", ["-xzOf", "-", "a/one.txt"], { input: made, encoding: "utf8" })).toBe("ü".repeat(600));
});
