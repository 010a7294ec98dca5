import { PolyvisorError } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseXml } from "./parseXml.ts";
import { writeIndented, writeXml } from "./writeXml.ts";
import { attribute, child, children, copyXml, element, sameXml, textOf } from "./xmlNode.ts";
import type { XmlElement, XmlNode } from "./xmlNode.ts";

const name = fc.stringMatching(/^[a-z][a-zA-Z0-9_.-]{0,8}(:[a-z]{1,5})?$/);
// Line ends are normalised by every XML reader, so a text is compared as it can be read.
const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  // eslint-disable-next-line no-control-regex
  .map((each) => each.replace(/[^\u0009\u000a\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "?"));
const leaf: fc.Arbitrary<XmlNode> = fc.oneof(
  text.map((each): XmlNode => ({ kind: "text", text: each })),
  text.map((each): XmlNode => ({ kind: "comment", text: each.replaceAll("-", "~") })),
  text.map((each): XmlNode => ({ kind: "cdata", text: each.replaceAll("]", "}") })),
);
const attributes = fc.dictionary(name, text, { maxKeys: 3 });
const { tree } = fc.letrec<{ tree: XmlElement; node: XmlNode }>((tie) => ({
  node: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("tree")),
  tree: fc
    .tuple(name, attributes, fc.array(tie("node"), { maxLength: 5 }))
    .map(([tag, map, nodes]) => ({ kind: "element", name: tag, attributes: new Map(Object.entries(map)), children: joined(nodes) })),
}));

/** Two texts side by side are read as one. */
function joined(nodes: XmlNode[]): XmlNode[] {
  const out: XmlNode[] = [];
  for (const node of nodes) {
    const last = out.at(-1);
    if (node.kind === "text" && last?.kind === "text") last.text += node.text;
    else out.push(structuredClone(node));
  }
  return out;
}

describe("XML trees", () => {
  it("are read as they were written, whatever is in them", () => {
    fc.assert(
      fc.property(tree, (root) => {
        expect(parseXml(writeXml(root))).toEqual(root);
      }),
      { numRuns: 300 },
    );
  });

  it("stay the same text when read and written twice", () => {
    const source =
      "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n  <name>a &amp; b</name>\n  <!-- kept -->\n  <qemu:commandline>\n    <qemu:arg value='-s'/>\n  </qemu:commandline>\n  <?hint x?></domain>";
    expect(writeXml(parseXml(source))).toBe(source);
  });

  it("are equal where only the order of attributes and the white space between elements differ", () => {
    fc.assert(
      fc.property(tree, (root) => {
        expect(sameXml(root, copyXml(root))).toBe(true);
      }),
    );
    expect(sameXml(parseXml("<a x='1' y='2'><b/></a>"), parseXml("<a y='2' x='1'>\n  <b></b>\n</a>"))).toBe(true);
    expect(sameXml(parseXml("<a><b/></a>"), parseXml("<a><c/></a>"))).toBe(false);
    expect(sameXml(parseXml("<a>x</a>"), parseXml("<a>y</a>"))).toBe(false);
    expect(sameXml(parseXml("<a><b x='1'/></a>"), parseXml("<a><b x='1' y='2'/></a>"))).toBe(false);
  });

  it("are written an element a line without touching a text", () => {
    const root = element("volume", {}, element("name", {}, " two  spaces "), element("target", {}, element("format", { type: "raw" })), element("empty"));
    expect(writeIndented(root)).toBe("<volume>\n  <name> two  spaces </name>\n  <target>\n    <format type='raw'/>\n  </target>\n  <empty/>\n</volume>\n");
    expect(sameXml(parseXml(writeIndented(root)), root)).toBe(true);
  });

  it("answer what is in them", () => {
    const root = parseXml("<disk type='file'><target dev='vda'/><target dev='vdb'/><note>a<![CDATA[b]]><i/>c</note></disk>");
    expect(children(root, "target").map((each) => attribute(each, "dev"))).toEqual(["vda", "vdb"]);
    expect(textOf(child(root, "note"))).toBe("abc");
    expect(child(root, "nothing")).toBeUndefined();
    expect(textOf(undefined)).toBeUndefined();
  });
});

describe("hostile XML", () => {
  const refused = (source: string, bounds?: Parameters<typeof parseXml>[2]): PolyvisorError => {
    try {
      parseXml(source, "the definition", bounds);
    } catch (error) {
      expect(error).toBeInstanceOf(PolyvisorError);
      return error as PolyvisorError;
    }
    throw new Error(`it was taken: ${source.slice(0, 80)}`);
  };

  it("has no entities but XML's five", () => {
    const bomb = `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><d>&b;</d>`;
    expect(refused(bomb).detail).toContain("document type declaration");
    expect(refused(`<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>`).code).toBe("badRequest");
    expect(refused("<d>&bomb;</d>").code).toBe("badRequest");
    expect(textOf(parseXml("<d>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;</d>"))).toBe("<>&\"'AB");
  });

  it("is bounded in size, depth and parts", () => {
    expect(refused("<a>".repeat(1000)).detail).toContain("deep");
    expect(refused(`<a>${"<b/>".repeat(500)}</a>`, { bytes: 10_000, depth: 10, nodes: 100 }).detail).toContain("100 parts");
    expect(refused(`<a>${"x".repeat(200)}</a>`, { bytes: 100, depth: 10, nodes: 100 }).detail).toContain("100 are the limit");
    expect(refused(`<a ${Array.from({ length: 200 }, (_, i) => `a${i}='1'`).join(" ")}/>`, { bytes: 10_000, depth: 10, nodes: 100 }).code).toBe("badRequest");
  });

  it("is refused with its place", () => {
    for (const source of ["", "   ", "text", "<a>", "<a></b>", "<a/><b/>", "<a x=1/>", "<a x='1' x='2'/>", "<a>\u0001</a>", "<a", "<a>&#0;</a>", "<>"])
      expect(refused(source).code, source).toBe("badRequest");
    expect(refused("<a>\n <b></c>\n</a>").where).toContain("line 2");
  });

  it("never ends in anything but a tree or a named error", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "<",
        ">",
        "&",
        ";",
        "'",
        '"',
        "/",
        "<!",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "=",
        " ",
        "a",
        "&#",
        "&lt;",
        "<a>",
        "</a>",
        "<!DOCTYPE",
      ),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join("")),
        (source) => {
          try {
            expect(parseXml(source).kind).toBe("element");
          } catch (error) {
            expect(error).toBeInstanceOf(PolyvisorError);
            expect((error as PolyvisorError).code).toBe("badRequest");
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is not written either", () => {
    expect(() => writeXml(element("title", {}, "bell \u0007"))).toThrow(/U\+0007/);
    expect(() => writeXml(element("a", { x: "\u0000" }))).toThrow(PolyvisorError);
  });
});
