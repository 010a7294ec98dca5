import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditCheckpoint, AuditEntry } from "./auditEntry.ts";
import { canonicalJson } from "./canonicalJson.ts";
import { ChainVerifier, firstPrevious, hashedText, signedText, type AuditCrypto, type AuditVerdict, type VerifyOptions } from "./verifyChain.ts";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const crypto: AuditCrypto = {
  sha256: (text) => createHash("sha256").update(text).digest("hex"),
  verify: (key, text, signature) => key === "our key" && verify(null, Buffer.from(text), publicKey, Buffer.from(signature, "base64")),
};

/** A chain as a server makes it, with a checkpoint behind every `every` entries and at the end. */
function chainOf(contents: readonly Partial<AuditEntry>[], every: number): { lines: string[]; checkpoints: AuditCheckpoint[] } {
  const lines = [canonicalJson({ root: { chain: "c", seq: 0, hash: firstPrevious } })];
  const checkpoints: AuditCheckpoint[] = [];
  let hash = firstPrevious;
  contents.forEach((content, i) => {
    const entry: AuditEntry = { at: "2026-01-01T00:00:00.000Z", server: "s", action: "taskCreate", outcome: "done", ...content, seq: i + 1 };
    if (i === 0) entry.details = { chain: "c" };
    hash = crypto.sha256(hashedText(hash, entry));
    lines.push(canonicalJson({ entry, hash }));
    if ((i + 1) % every === 0 || i === contents.length - 1) {
      const body = { chain: "c", seq: i + 1, hash, at: "2026-01-01T00:00:00.000Z", server: "s", key: "our key" };
      const checkpoint = { ...body, signature: sign(null, Buffer.from(signedText(body)), privateKey).toString("base64") };
      checkpoints.push(checkpoint);
      lines.push(canonicalJson({ checkpoint }));
    }
  });
  return { lines, checkpoints };
}

function check(lines: readonly string[], more: Omit<VerifyOptions, "crypto"> = {}): AuditVerdict {
  const verifier = new ChainVerifier({ crypto, ...more });
  for (const line of lines) verifier.line(line);
  return verifier.end();
}

const contents = fc.array(
  fc.record(
    {
      by: fc.string(),
      from: fc.ipV4(),
      object: fc.string(),
      times: fc.nat(),
      details: fc.dictionary(
        fc.string().filter((key) => key !== "__proto__"),
        fc.oneof(fc.string(), fc.nat(), fc.boolean()),
      ),
    },
    { requiredKeys: [] },
  ),
  { minLength: 2, maxLength: 12 },
);

describe("a chain", () => {
  it("that nobody touched is good, whatever stands in it", () => {
    fc.assert(
      fc.property(contents, fc.integer({ min: 1, max: 5 }), (list, every) => {
        const { lines, checkpoints } = chainOf(list, every);
        expect(check(lines, { kept: checkpoints, keys: ["our key"] })).toEqual({
          ok: true,
          entries: list.length,
          first: 1,
          last: list.length,
          checkpoints: checkpoints.length,
          keys: ["our key"],
          faults: [],
        });
      }),
    );
  });

  it("in which any one character differs is found out", () => {
    fc.assert(
      fc.property(
        contents,
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (list, every, which, where, other) => {
          const { lines } = chainOf(list, every);
          const line = lines[which % lines.length]!;
          const at = where % line.length;
          fc.pre(line[at] !== other);
          // A signature's base64 may be written in several ways; what it says is the same then.
          const touched = line.slice(0, at) + other + line.slice(at + 1);
          lines[which % lines.length] = touched;
          expect(check(lines).ok).toBe(/"signature":"/.test(touched) && sameSignature(line, touched));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("in which a field has another value, with its hash made anew, is found out by the next entry or the checkpoint", () => {
    fc.assert(
      fc.property(contents, fc.nat(), fc.string(), (list, which, other) => {
        const { lines } = chainOf(list, 100);
        const i = 1 + (which % list.length);
        const { entry } = JSON.parse(lines[i]!) as { entry: AuditEntry };
        fc.pre(entry.by !== other);
        const previous = i === 1 ? firstPrevious : (JSON.parse(lines[i - 1]!) as { hash: string }).hash;
        const forged = { ...entry, by: other };
        lines[i] = canonicalJson({ entry: forged, hash: crypto.sha256(hashedText(previous, forged)) });
        expect(check(lines).ok).toBe(false);
      }),
    );
  });

  it("without one of its entries, with one twice, or with two in another order, is found out", () => {
    fc.assert(
      fc.property(contents, fc.nat(), fc.nat(), fc.constantFrom("remove", "repeat", "swap"), (list, a, b, how) => {
        const { lines } = chainOf(list, 100);
        const i = 1 + (a % list.length);
        const j = 1 + (b % list.length);
        if (how === "remove") lines.splice(i, 1);
        else if (how === "repeat") lines.splice(j, 0, lines[i]!);
        else {
          fc.pre(i !== j);
          [lines[i], lines[j]] = [lines[j]!, lines[i]!];
        }
        expect(check(lines).ok).toBe(false);
      }),
    );
  });

  it("whose end was cut off is found out: by a kept checkpoint always, by itself unless it was cut right behind one", () => {
    fc.assert(
      fc.property(contents, fc.integer({ min: 1, max: 4 }), fc.nat(), (list, every, at) => {
        const { lines, checkpoints } = chainOf(list, every);
        const cut = lines.slice(0, 1 + (at % (lines.length - 2)));
        const entries = cut.filter((line) => line.startsWith('{"entry"')).length;
        fc.pre(entries < list.length);
        expect(check(cut, { kept: [checkpoints.at(-1)!] }).ok).toBe(false);
        expect(check(cut).ok).toBe(cut.at(-1)!.startsWith('{"checkpoint"'));
      }),
    );
  });

  it("made anew from the beginning by who has no key is found out", () => {
    const { lines } = chainOf([{}, { by: "mallory" }, {}], 100);
    const forged = chainOf([{}, { by: "alice" }, {}], 100).lines;
    expect(check([...forged.slice(0, -1), lines.at(-1)!]).faults[0]!.what).toMatch(/not what the server signed/);
    expect(check(forged, { keys: ["another key"] }).faults[0]!.what).toMatch(/not a key that was given/);
  });

  it("whose beginning was archived goes on from the signed root, and from no other", () => {
    const { lines, checkpoints } = chainOf([{}, {}, {}, {}], 2);
    const [first] = checkpoints;
    const root = (more: object): string => canonicalJson({ root: { chain: "c", seq: 2, hash: first!.hash, ...more } });
    const rest = lines.slice(4);
    expect(check([root({ checkpoint: first }), ...rest])).toMatchObject({ ok: true, first: 3, last: 4 });
    expect(check([root({}), ...rest]).faults[0]!.what).toMatch(/no checkpoint vouches/);
    expect(check([root({ checkpoint: { ...first, seq: 1 } }), ...rest]).ok).toBe(false);
  });

  it.each([[[]], [["nonsense"]], [["null"]], [["[]"]], [['{"root":null}']], [['{"root":{}}', '{"entry":null,"hash":1}', '{"checkpoint":null}']]])(
    "%j is not one, and breaks nothing",
    (lines) => {
      expect(check(lines).ok).toBe(false);
    },
  );
});

function sameSignature(line: string, touched: string): boolean {
  const read = (text: string): { rest: string; bytes: string } | undefined => {
    try {
      const value = JSON.parse(text) as { checkpoint: AuditCheckpoint };
      if (canonicalJson(value) !== text) return undefined;
      return { rest: signedText(value.checkpoint), bytes: Buffer.from(value.checkpoint.signature, "base64").toString("hex") };
    } catch {
      return undefined;
    }
  };
  const [a, b] = [read(line), read(touched)];
  return a !== undefined && b !== undefined && a.rest === b.rest && a.bytes === b.bytes;
}
