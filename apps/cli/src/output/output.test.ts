import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { escapeJson, escapeLines, escapeText } from "./escape.ts";
import { paintFor } from "./paint.ts";
import { agoText } from "./quantity.ts";
import { jsonText, yamlText } from "./structured.ts";
import { tableLines } from "./table.ts";
import { cut, pad, widthOf } from "./width.ts";

const plainPaint = paintFor({}, {});
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe("text of others", () => {
  it("shows an escape sequence as what it is", () => {
    expect(escapeText("web\u001b[2J\u0007")).toBe("web\\x1b[2J\\x07");
    expect(escapeText("a\nb\tc\u009b1m")).toBe("a\\x0ab\\x09c\\x9b1m");
  });
  it("shows marks that turn the direction or hide", () => expect(escapeText("ex\u202egpj\u200b.exe")).toBe("ex\\u202egpj\\u200b.exe"));
  it("leaves names of every script alone", () => expect(escapeText("Bücher-数据库-🖥️-خادم")).toBe("Bücher-数据库-🖥️-خادم"));
  it("keeps line ends where lines are wanted", () => expect(escapeLines("<a>\r\n\t<b/>\u001b\n")).toBe("<a>\n\t<b/>\\x1b\n"));
  it("never lets a control character through, in any form", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 40 }), async (text) => {
        expect(escapeText(text)).not.toMatch(control);
        const json = jsonText({ name: text });
        expect(json).not.toMatch(control);
        expect(JSON.parse(json)).toEqual({ name: text });
        const yaml = await yamlText({ name: text });
        expect(yaml).not.toMatch(control);
        if (!/[\ud800-\udfff]/u.test(text)) expect(parse(yaml)).toEqual({ name: text });
      }),
      { numRuns: 300 },
    );
  });
  it("writes the same value in JSON", () => expect(JSON.parse(escapeJson(JSON.stringify("\u202e\u{e0041}")))).toBe("\u202e\u{e0041}"));
});

describe("width", () => {
  it("counts columns and not characters", () => {
    expect(widthOf("abc")).toBe(3);
    expect(widthOf("数据库")).toBe(6);
    expect(widthOf("é")).toBe(1);
    expect(widthOf("e\u0301")).toBe(1);
    expect(widthOf("👩‍👩‍👧‍👦")).toBe(2);
    expect(widthOf("🇩🇪")).toBe(2);
    expect(widthOf("한글")).toBe(4);
  });
  it("cuts to the columns there are and never halves a wide character", () => {
    expect(cut("数据库", 4)).toBe("数…");
    expect(cut("数据库", 6)).toBe("数据库");
    expect(cut("abc", 0)).toBe("");
    fc.assert(fc.property(fc.string({ unit: "grapheme" }).map(escapeText), fc.nat(30), (text, width) => widthOf(cut(text, width)) <= width));
  });
  it("fills up by columns", () => expect(widthOf(pad("数", 6))).toBe(6));
});

describe("table", () => {
  const columns = [
    { title: "NAME", text: (row: { name: string; n: number }) => row.name, whole: true },
    { title: "N", text: (row: { n: number }) => String(row.n), figures: true },
    { title: "NOTE", text: () => "a long note that may be cut" },
  ];
  it("aligns wide characters", () => {
    const lines = tableLines(
      [
        { name: "数据", n: 5 },
        { name: "a", n: 100 },
      ],
      columns,
      { paint: plainPaint },
    );
    expect(lines).toEqual(["NAME    N  NOTE", "数据    5  a long note that may be cut", "a     100  a long note that may be cut"]);
  });
  it("fits the terminal and cuts what is not whole", () => {
    const lines = tableLines([{ name: "a-long-name-of-a-vm", n: 1 }], columns, { paint: plainPaint, width: 40 });
    expect(Math.max(...lines.map(widthOf))).toBe(40);
    expect(lines[1]).toContain("a-long-name-of-a-vm");
  });
  it("leaves out what may go before it shows a figure in part", () => {
    const narrow = [
      { title: "NAME", text: () => "vm-000001", whole: true },
      { title: "RATE", text: () => "17.8 MiB/s", figures: true, expendable: 2 },
      { title: "STATE", text: () => "running", expendable: 1 },
      { title: "CPU", text: () => "583.3", figures: true },
    ];
    expect(tableLines([{}], narrow, { paint: plainPaint, width: 30 })[1]).toBe("vm-000001  17.8 MiB/s  583.3");
    expect(tableLines([{}], narrow, { paint: plainPaint, width: 20 })[1]).toBe("vm-000001  583.3");
    expect(tableLines([{}], narrow, { paint: plainPaint, width: 12 })[1]).toBe("vm-0…  583.3".padStart(12));
    for (const width of [1, 3, 5, 8]) expect(tableLines([{}], narrow, { paint: plainPaint, width }).length).toBe(2);
  });
  it("shows a hostile name escaped and a missing one as -", () => {
    expect(tableLines([{ name: "\u001b]0;owned\u0007", n: 1 }], columns, { paint: plainPaint })[1]).toContain("\\x1b]0;owned\\x07");
    expect(tableLines([{ name: "", n: 1 }], columns, { paint: plainPaint })[1]).toMatch(/^- /);
  });
});

describe("colours", () => {
  it("are for terminals only, and not with NO_COLOR", () => {
    expect(paintFor({ isTTY: true }, {})("red", "x")).toBe("\u001b[31mx\u001b[39m");
    expect(paintFor({ isTTY: true }, { NO_COLOR: "1" })("red", "x")).toBe("x");
    expect(paintFor({ isTTY: true }, { TERM: "dumb" })("red", "x")).toBe("x");
    expect(paintFor({ isTTY: false }, {})("red", "x")).toBe("x");
  });
});

describe("quantities", () => {
  it("have no age without a time", () => {
    expect(agoText(undefined, 0)).toBe("-");
    expect(agoText("no time", 0)).toBe("-");
    expect(agoText("1970-01-01T00:00:00Z", 200_000)).toBe("3m 20s");
  });
});
