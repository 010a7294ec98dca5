/** A key of the keyboard (`KeyboardEvent.code`) and the symbol that it stands for (X11 keysym). */
export interface Key {
  code: string;
  keysym: number;
}

/** Keys that are pressed one after the other and let go in the other order: one character, or half of one with an accent. */
export type Stroke = readonly Key[];

/** Names of keyboard layouts. */
export const layouts = ["us", "de"] as const;
export type Layout = (typeof layouts)[number];

const shift: Key = { code: "ShiftLeft", keysym: 0xffe1 };
const altGr: Key = { code: "AltRight", keysym: 0xfe03 };

/** The characters of each key: alone, with Shift, with AltGr. What is accented later stands in `dead`. */
const plain: Readonly<Record<Layout, Readonly<Record<string, string>>>> = {
  us: {
    Backquote: "`~",
    Digit1: "1!",
    Digit2: "2@",
    Digit3: "3#",
    Digit4: "4$",
    Digit5: "5%",
    Digit6: "6^",
    Digit7: "7&",
    Digit8: "8*",
    Digit9: "9(",
    Digit0: "0)",
    Minus: "-_",
    Equal: "=+",
    BracketLeft: "[{",
    BracketRight: "]}",
    Backslash: "\\|",
    Semicolon: ";:",
    Quote: "'\"",
    Comma: ",<",
    Period: ".>",
    Slash: "/?",
  },
  de: {
    Backquote: "\0°",
    Digit1: "1!",
    Digit2: '2"²',
    Digit3: "3§³",
    Digit4: "4$",
    Digit5: "5%",
    Digit6: "6&",
    Digit7: "7/{",
    Digit8: "8([",
    Digit9: "9)]",
    Digit0: "0=}",
    Minus: "ß?\\",
    BracketLeft: "üÜ",
    BracketRight: "+*~",
    Semicolon: "öÖ",
    Quote: "äÄ",
    Backslash: "#'",
    Comma: ",;",
    Period: ".:",
    Slash: "-_",
    IntlBackslash: "<>|",
    KeyQ: "qQ@",
    KeyE: "eE€",
    KeyM: "mMµ",
    // Y and Z have changed places.
    KeyY: "zZ",
    KeyZ: "yY",
  },
};

/** Keys that put an accent on the next character: the accent, its combining form, and its keysym. */
const dead: Readonly<Record<Layout, readonly { key: Key; shifted: boolean; combining: string; alone: string }[]>> = {
  us: [],
  de: [
    { key: { code: "Backquote", keysym: 0xfe52 }, shifted: false, combining: "\u0302", alone: "^" },
    { key: { code: "Equal", keysym: 0xfe51 }, shifted: false, combining: "\u0301", alone: "´" },
    { key: { code: "Equal", keysym: 0xfe50 }, shifted: true, combining: "\u0300", alone: "`" },
  ],
};

/** Keysym of a character (X11: Latin-1 is itself, the rest is its code point with a mark). */
const keysymOf = (character: string): number => {
  const point = character.codePointAt(0)!;
  return point < 0x100 ? point : 0x0100_0000 + point;
};

const control: Readonly<Record<string, Key>> = {
  "\n": { code: "Enter", keysym: 0xff0d },
  "\t": { code: "Tab", keysym: 0xff09 },
  " ": { code: "Space", keysym: 0x20 },
};

function tableOf(layout: Layout): ReadonlyMap<string, Stroke> {
  const found = new Map<string, Stroke>();
  const keys: Record<string, string> = {};
  for (const letter of "abcdefghijklmnopqrstuvwxyz") keys[`Key${letter.toUpperCase()}`] = letter + letter.toUpperCase();
  Object.assign(keys, plain[layout]);
  for (const [code, characters] of Object.entries(keys))
    [...characters].forEach((character, level) => {
      const key = { code, keysym: keysymOf(character) };
      if (character !== "\0") found.set(character, level === 0 ? [key] : [level === 1 ? shift : altGr, key]);
    });
  for (const [character, key] of Object.entries(control)) found.set(character, [key]);
  return found;
}

const tables = new Map<Layout, ReadonlyMap<string, Stroke>>();

/** What to press for a text on a guest whose keyboard has this layout, and which of its characters are not to be had on it. */
export function strokesFor(text: string, layout: Layout): { strokes: Stroke[]; missing: string[] } {
  let table = tables.get(layout);
  if (!table) tables.set(layout, (table = tableOf(layout)));
  const strokes: Stroke[] = [];
  const missing = new Set<string>();
  for (const character of text.replace(/\r\n?/g, "\n").normalize("NFC")) {
    const direct = table.get(character);
    if (direct) strokes.push(direct);
    else {
      const accented = accent(character, layout, table);
      if (accented) strokes.push(...accented);
      else missing.add(character);
    }
  }
  return { strokes, missing: [...missing] };
}

function accent(character: string, layout: Layout, table: ReadonlyMap<string, Stroke>): Stroke[] | undefined {
  for (const { key, shifted, combining, alone } of dead[layout]) {
    const press: Stroke = shifted ? [shift, key] : [key];
    if (character === alone) return [press, table.get(" ")!];
    const [base, mark, ...more] = character.normalize("NFD");
    const stroke = mark === combining && more.length === 0 ? table.get(base!) : undefined;
    if (stroke) return [press, stroke];
  }
  return undefined;
}

/** Keys that are pressed together, which the browser or the desktop would keep for itself. */
export const combinations: readonly { name: string; keys: Stroke }[] = ((): { name: string; keys: Stroke }[] => {
  const ctrl = { code: "ControlLeft", keysym: 0xffe3 };
  const alt = { code: "AltLeft", keysym: 0xffe9 };
  const meta = { code: "MetaLeft", keysym: 0xffeb };
  const letter = (name: string): Key => ({ code: `Key${name}`, keysym: name.toLowerCase().charCodeAt(0) });
  const f = (n: number): Key => ({ code: `F${n}`, keysym: 0xffbd + n });
  return [
    { name: "Ctrl Alt Del", keys: [ctrl, alt, { code: "Delete", keysym: 0xffff }] },
    { name: "Ctrl Alt Backspace", keys: [ctrl, alt, { code: "Backspace", keysym: 0xff08 }] },
    ...[1, 2, 3, 4, 5, 6, 7].map((n) => ({ name: `Ctrl Alt F${n}`, keys: [ctrl, alt, f(n)] })),
    { name: "Alt Tab", keys: [alt, { code: "Tab", keysym: 0xff09 }] },
    { name: "Alt F4", keys: [alt, f(4)] },
    { name: "Ctrl Esc", keys: [ctrl, { code: "Escape", keysym: 0xff1b }] },
    { name: "Super", keys: [meta] },
    { name: "Super L", keys: [meta, letter("L")] },
    { name: "Ctrl W", keys: [ctrl, letter("W")] },
    { name: "Ctrl T", keys: [ctrl, letter("T")] },
    { name: "Ctrl N", keys: [ctrl, letter("N")] },
    { name: "F11", keys: [f(11)] },
    { name: "Print", keys: [{ code: "PrintScreen", keysym: 0xff61 }] },
  ];
})();

/** The same for a text console: what the terminal would send. */
export const terminalKeys: readonly { name: string; bytes: string }[] = [
  ...[..."CDZWTNA"].map((name) => ({ name: `Ctrl ${name}`, bytes: String.fromCharCode(name.charCodeAt(0) & 0x1f) })),
  { name: "Ctrl \\", bytes: "\x1c" },
  { name: "Ctrl ]", bytes: "\x1d" },
  { name: "Esc", bytes: "\x1b" },
  { name: "F11", bytes: "\x1b[23~" },
];
