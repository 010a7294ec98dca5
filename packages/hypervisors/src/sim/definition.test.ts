import { PolyvisorError } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDefinition, writeDefinition } from "./definition.ts";
import { bornVm } from "./population.ts";

const born = (n: number) => bornVm("key", n, "/srv/shared-01", "/images", 1.8e12, 0).vm;

describe("a definition", () => {
  it("says again what it was written of", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.string({ unit: "grapheme", maxLength: 40 }), (n, description) => {
        const vm = { ...born(n), title: "a < b & \"c\" 'd' ]]>", description: description.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "").trim() || undefined };
        const read = parseDefinition(writeDefinition(vm, "nextStart"));
        expect(read).toMatchObject({
          uuid: vm.uuid,
          name: vm.name,
          title: vm.title,
          description: vm.description,
          machine: vm.machine,
          firmware: vm.firmware,
          graphics: vm.graphics,
        });
        expect(read.hardware).toEqual({ ...vm.config, disks: vm.config.disks.map((disk) => ({ ...disk })) });
      }),
    );
  });

  it("tells now from the next start", () => {
    const vm = born(1);
    vm.live = { ...vm.config, memory: { current: 1024, max: 4096 } };
    expect(parseDefinition(writeDefinition(vm, "live")).hardware.memory).toEqual({ current: 1024, max: 4096 });
    expect(parseDefinition(writeDefinition(vm, "nextStart")).hardware.memory).toEqual(vm.config.memory);
  });

  it("is refused when it is hostile or wrong, with the place", () => {
    const wrap = (inner: string): string => `<domain><name>a</name><memory>1024</memory>${inner}</domain>`;
    const bad = [
      "",
      "<",
      "<domain>",
      wrap("") + "<more/>",
      `<!DOCTYPE d [<!ENTITY a "b">]>${wrap("")}`,
      "<domain>".repeat(70),
      wrap(`<x>${"<y/>".repeat(20_001)}</x>`),
      "<domain><name>a/b</name><memory>1</memory></domain>",
      wrap("<uuid>1</uuid>"),
      wrap("<vcpu>0</vcpu>"),
      wrap("<vcpu>5000</vcpu>"),
      wrap(`<vcpu current="3">2</vcpu>`),
      "<domain><name>a</name></domain>",
      "<domain><name>a</name><memory unit='parsec'>1</memory></domain>",
      wrap("<currentMemory>2048</currentMemory>"),
      wrap("<devices><disk/></devices>"),
      wrap(`<devices><disk><target dev="vda"/></disk><disk><target dev="vda"/></disk></devices>`),
      wrap(`<devices><interface><mac address="x"/></interface></devices>`),
      wrap("&unknown;"),
    ];
    for (const text of bad) expect(() => parseDefinition(text), text.slice(0, 80)).toThrow(expect.objectContaining({ code: "badRequest" }));
    expect(() => parseDefinition("x".repeat(4 * 1024 ** 2 + 1))).toThrow(expect.objectContaining({ code: "tooLarge" }));
  });

  it("is read or refused, never worse, whatever it holds", () => {
    const good = writeDefinition(born(3), "nextStart");
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(40), fc.string({ maxLength: 10 }), (at, cut, junk) => {
        try {
          parseDefinition(good.slice(0, at) + junk + good.slice(at + cut));
        } catch (error) {
          expect(error).toBeInstanceOf(PolyvisorError);
        }
      }),
    );
  });
});
