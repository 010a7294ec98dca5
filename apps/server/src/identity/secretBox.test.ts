import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openSecretBox, secretBox } from "./secretBox.ts";

describe("the secret box", () => {
  const box = secretBox(randomBytes(32));

  test("gives back what was sealed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 4096 }), fc.string(), (text, context) => {
        expect(box.open(box.seal(text, context), context)).toBe(text);
      }),
    );
  });

  test("the same secret never looks the same twice", () => {
    expect(box.seal("x", "h").equals(box.seal("x", "h"))).toBe(false);
  });

  test("opens nothing that was changed in any byte, cut, moved to another host, or sealed with another key", () => {
    const sealed = box.seal("pass phrase", "h-1");
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i]! ^= 1;
      expect(() => box.open(changed, "h-1"), `byte ${i}`).toThrow(/cannot be opened/);
      expect(() => box.open(sealed.subarray(0, i), "h-1"), `cut at ${i}`).toThrow(/cannot be opened/);
    }
    expect(() => box.open(sealed, "h-2")).toThrow(/cannot be opened/);
    expect(() => secretBox(randomBytes(32)).open(sealed, "h-1")).toThrow(/cannot be opened/);
  });

  test("the key of a data folder is made once, for its owner only; a damaged one is named", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "polyvisor-key-"));
    try {
      const sealed = (await openSecretBox(folder)).seal("x", "h");
      expect((await openSecretBox(folder)).open(sealed, "h")).toBe("x");
      const file = path.join(folder, "secret.key");
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      await writeFile(file, (await readFile(file)).subarray(1));
      await expect(openSecretBox(folder)).rejects.toThrow(/secret\.key is damaged/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
