/**
 * Characters that must never reach a terminal or a table as they are: C0 and C1 controls (a name with an
 * ESC sequence could rewrite the screen), line and paragraph separators, and the marks that turn the
 * direction of writing or are invisible, so that two names look alike.
 */
const hostile =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;
// eslint-disable-next-line no-control-regex
const plain = /^[\u0020-\u007e]*$/;

function visible(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Text that came from elsewhere, safe to show on one line: every hostile character is written as its code. */
export function escapeText(text: string): string {
  return plain.test(text) ? text : text.replace(hostile, visible);
}

/** The same for text of several lines: line ends and tabs stay. */
export function escapeLines(text: string): string {
  return plain.test(text)
    ? text
    : text.replace(hostile, (character) => (character === "\n" || character === "\t" ? character : character === "\r" ? "" : visible(character)));
}

/** JSON text with the same characters as `\uXXXX`: the same value for every reader, harmless on a terminal. */
export function escapeJson(json: string): string {
  return json.replace(hostile, (character) =>
    character === "\n" ? character : [...Array(character.length).keys()].map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );
}
