import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import vocabulary from "./generated/vocabulary.json" with { type: "json" };
import { eventKinds } from "./generated/events.ts";
import { procedures } from "./generated/procedures.ts";
import { ArbitraryReader } from "./testing/arbitraryReader.ts";
import { XdrReader } from "./xdr/xdrReader.ts";
import { XdrWriter } from "./xdr/xdrWriter.ts";

const folder = join(import.meta.dirname, "generated");
const generator = join(import.meta.dirname, "../../../../tools/generate");
const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

type Codec = Record<string, (codec: never, value?: never) => unknown>;
const encoders = new Map<string, (writer: XdrWriter, value: unknown) => void>();
const decoders = new Map<string, (reader: XdrReader) => unknown>();
for (const path of globSync(["*.ts", "peer/*.ts"], { cwd: folder })) {
  for (const [name, code] of Object.entries((await import(/* @vite-ignore */ join(folder, path))) as Codec)) {
    if (name.startsWith("encode")) encoders.set(name.slice(6), code as never);
    if (name.startsWith("decode")) decoders.set(name.slice(6), code as never);
  }
}

describe("generated code", () => {
  it("is what the generator wrote: nobody edited it", () => {
    const found = Object.fromEntries(
      globSync("**/*.ts", { cwd: folder })
        .sort()
        .map((path) => [path, sha256(join(folder, path))]),
    );
    expect(found).toEqual(vocabulary.files);
  });

  it("was made by the generator as it is now", () => {
    const now = Object.fromEntries(["libvirt.ts", ...globSync("libvirt/*.ts", { cwd: generator })].map((path) => [path, sha256(join(generator, path))]));
    expect(now, "run: node tools/generate/libvirt.ts").toEqual(vocabulary.generator);
  });

  it("has every procedure, event and struct of the vocabulary", () => {
    expect(procedures.map((each) => each.name).sort()).toEqual(Object.keys(vocabulary.procedures).sort());
    expect(eventKinds.map((each) => each.name).sort()).toEqual(Object.keys(vocabulary.events).sort());
    const structs = Object.keys(vocabulary.structs)
      .filter((name) => name !== "TypedParam")
      .sort();
    expect([...encoders.keys()].sort()).toEqual(structs);
    expect([...decoders.keys()].sort()).toEqual(structs);
    expect(procedures.length + eventKinds.length).toBe(443 + 7 + 1);
  });

  it("reads back every struct as it was written", () => {
    for (const [name, decode] of decoders) {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const value = decode(new ArbitraryReader(seed));
          const writer = new XdrWriter();
          encoders.get(name)?.(writer, value);
          const bytes = writer.take();
          const reader = new XdrReader();
          reader.point(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
          expect(decode(reader)).toEqual(value);
          reader.done();
        }),
        { numRuns: 10 },
      );
    }
  });

  it("refuses every struct when its last byte is missing, and never loops or crashes on random bytes", () => {
    for (const [name, decode] of decoders) {
      fc.assert(
        fc.property(fc.integer(), fc.uint8Array({ maxLength: 200 }), (seed, junk) => {
          const writer = new XdrWriter();
          encoders.get(name)?.(writer, decode(new ArbitraryReader(seed)));
          const bytes = writer.take();
          const reader = new XdrReader();
          if (bytes.length > 0) {
            reader.point(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length - 1);
            expect(() => decode(reader)).toThrow(expect.objectContaining({ name: "XdrError" }));
          }
          const random = Buffer.from(junk);
          reader.point(random, new DataView(random.buffer, random.byteOffset, random.byteLength), 0, random.length);
          try {
            decode(reader);
          } catch (error) {
            expect((error as Error).name).toBe("XdrError");
          }
        }),
        { numRuns: 5 },
      );
    }
  });
});
