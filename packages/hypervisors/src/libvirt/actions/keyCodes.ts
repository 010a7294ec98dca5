import { PolyvisorError } from "@polyvisor/model";

/** Rows of a keyboard from its first code on, as Linux numbers keys (input-event-codes.h). */
const rows: readonly (readonly [number, string])[] = [
  [
    1,
    "esc 1 2 3 4 5 6 7 8 9 0 minus equal backspace tab q w e r t y u i o p leftbrace rightbrace enter leftctrl a s d f g h j k l semicolon apostrophe grave leftshift backslash z x c v b n m comma dot slash rightshift kpasterisk leftalt space capslock f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 numlock scrolllock kp7 kp8 kp9 kpminus kp4 kp5 kp6 kpplus kp1 kp2 kp3 kp0 kpdot",
  ],
  [86, "102nd f11 f12"],
  [96, "kpenter rightctrl kpslash sysrq rightalt"],
  [102, "home up pageup left right end down pagedown insert delete"],
  [113, "mute volumedown volumeup power kpequal"],
  [119, "pause"],
  [125, "leftmeta rightmeta compose"],
  [142, "sleep wakeup"],
];
const codes = new Map<string, number>();
for (const [first, names] of rows) names.split(" ").forEach((name, i) => codes.set(name, first + i));

/** How operators say keys that Linux calls otherwise. */
const aliases: Record<string, string> = {
  ctrl: "leftctrl",
  control: "leftctrl",
  alt: "leftalt",
  altgr: "rightalt",
  shift: "leftshift",
  meta: "leftmeta",
  super: "leftmeta",
  win: "leftmeta",
  escape: "esc",
  return: "enter",
  del: "delete",
  ins: "insert",
  bs: "backspace",
  pgup: "pageup",
  pgdn: "pagedown",
  prtsc: "sysrq",
  print: "sysrq",
  "-": "minus",
  "=": "equal",
  ",": "comma",
  ".": "dot",
  "/": "slash",
  ";": "semicolon",
  "'": "apostrophe",
  "`": "grave",
  "[": "leftbrace",
  "]": "rightbrace",
  "\\": "backslash",
  " ": "space",
};

/** Linux's code of a key, by its Linux name (`KEY_ENTER`) or as operators say it (`ctrl`, `f1`, `a`). */
export function keyCode(name: string, where = "/keys"): number {
  const plain = name.toLowerCase().replace(/^key_/, "");
  const code = codes.get(aliases[plain] ?? plain);
  if (code === undefined)
    throw new PolyvisorError("badRequest", { detail: `"${name}" is no key: write it like ctrl, alt, delete, f1, enter, a, or KEY_ENTER`, where });
  return code;
}
