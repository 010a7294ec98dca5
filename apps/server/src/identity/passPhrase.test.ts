import { PolyvisorError } from "@polyvisor/model";
import { describe, expect, test } from "vitest";
import { PassPhrases, preparePassPhrase } from "./passPhrase.ts";

describe("the form of a pass phrase", () => {
  test.each([
    ["composed and decomposed letters", "caf\u00e9 au lait", "cafe\u0301 au lait"],
    ["any space of Unicode", "correct horse", "correct\u00a0horse"],
    ["ideographic space", "a b", "a\u3000b"],
  ])("%s are the same keys", (_, one, other) => {
    expect(preparePassPhrase(one)).toBe(preparePassPhrase(other));
  });

  test.each([
    ["letter case", "Secret", "secret"],
    ["spaces at the ends", "secret", " secret "],
    ["number of spaces", "a b", "a  b"],
    ["compatibility forms", "\ufb01", "fi"],
  ])("%s counts", (_, one, other) => {
    expect(preparePassPhrase(one)).not.toBe(preparePassPhrase(other));
  });

  test("half a surrogate pair is no text", () => {
    expect(() => preparePassPhrase("abcdefg\ud800")).toThrow(PolyvisorError);
  });
});

describe("checking", () => {
  const passPhrases = new PassPhrases();

  test("is argon2id with OWASP's cost, and right only for the same phrase", async () => {
    const kept = await passPhrases.hash(`${"\u{1f600}".repeat(1024)}`);
    expect(kept).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passPhrases.check(kept, "\u{1f600}".repeat(1024))).toBe(true);
    expect(await passPhrases.check(kept, "\u{1f600}".repeat(1023))).toBe(false); // nothing is cut off
  });

  test("without a kept hash nothing is right, not even the phrase that is checked in its place", async () => {
    expect(await passPhrases.check(undefined, "nobody has this pass phrase")).toBe(false);
    expect(await passPhrases.check(undefined, "\ud800")).toBe(false);
  });

  test("a flood is sent away instead of taking the machine", async () => {
    const results = await Promise.allSettled(Array.from({ length: 60 }, () => passPhrases.check(undefined, "x")));
    const refused = results.filter((each) => each.status === "rejected");
    expect(refused).toHaveLength(26); // 2 at work, 32 wait
    expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ code: "rateLimited" });
    expect(await passPhrases.check(undefined, "x")).toBe(false); // and afterwards there is room again
  });

  test("a flood of strangers does not stand before who is known", async () => {
    const strangers = Array.from({ length: 40 }, () => passPhrases.check(undefined, "x", "strangers"));
    const known = passPhrases.check(undefined, "x", "familiar");
    const late = passPhrases.check(undefined, "x", "strangers");
    const results = await Promise.allSettled([known, late, ...strangers]);
    expect(results.slice(0, 2).map((each) => each.status)).toEqual(["fulfilled", "rejected"]);
    expect(results.filter((each) => each.status === "rejected")).toHaveLength(7); // 2 at work, 32 wait, and who is known
  });
});
