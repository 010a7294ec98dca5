import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idSchema, kindOfId, kindPrefixes, makeId, nameSchema, uuidSchema, type Kind } from "./id.ts";

const kinds = Object.keys(kindPrefixes) as Kind[];

describe("ids", () => {
  it("are of the kind that they were made for, whatever the random bytes", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.uint8Array({ minLength: 12, maxLength: 20 }), (kind, random) => {
        const id = makeId(kind, random);
        expect(idSchema.safeParse(id).success).toBe(true);
        expect(kindOfId(id)).toBe(kind);
      }),
    );
  });

  it("differ where the random bytes differ in the bits that count", () => {
    const bytes = new Uint8Array(12);
    const seen = new Set<string>();
    for (let i = 0; i < 12; i++) for (let bit = 0; bit < 5; bit++) seen.add(makeId("vm", bytes.with(i, 1 << bit)));
    expect(seen.size).toBe(60);
  });

  it("are not made of too little randomness", () => {
    expect(() => makeId("vm", new Uint8Array(11))).toThrow(RangeError);
  });

  it("are told apart from names", () => {
    for (const text of ["web1", "vm-", "vm-7k2m9x0qadv", "vm-7k2m9x0qadveX", "vm-7k2m9x0qadvi", "VM-7k2m9x0qadve", "x-7k2m9x0qadve"])
      expect(kindOfId(text), text).toBeUndefined();
    expect(kindOfId("ds-7k2m9x0qadve")).toBe("datastore");
  });
});

describe("names", () => {
  it("may be what an operator calls things", () => {
    for (const name of ["web1", "Büro Server 2", "a", "名前", "x".repeat(255), "vm:1", "-rf"]) expect(nameSchema.safeParse(name).success, name).toBe(true);
  });
  it("are no paths, no control characters and not blank", () => {
    for (const name of ["", ".", "..", "a/b", "/", " a", "a ", "a\nb", "a\u0000", "\u007f", "x".repeat(256)])
      expect(nameSchema.safeParse(name).success, JSON.stringify(name)).toBe(false);
  });
});

describe("UUIDs", () => {
  it("are in lower-case form", () => {
    expect(uuidSchema.safeParse("c7a5fdbd-edaf-9455-926a-d65c16db1809").success).toBe(true);
    for (const text of ["C7A5FDBD-EDAF-9455-926A-D65C16DB1809", "c7a5fdbdedaf9455926ad65c16db1809", "", "{c7a5fdbd-edaf-9455-926a-d65c16db1809}"])
      expect(uuidSchema.safeParse(text).success, text).toBe(false);
  });
});
