// eslint-disable-next-line no-control-regex
const ascii = /^[\u0020-\u007e]*$/;
/** East Asian wide and full-width characters (Unicode UAX #11), in the ranges that terminals agree about. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{17000}-\u{18cff}]|[\u{1b000}-\u{1b2ff}]|[\u{1f200}-\u{1f2ff}]|[\u{20000}-\u{3fffd}]/u;
/** What joins with its neighbours to one grapheme; text without it needs no segmenter, whose first use takes 9 ms. */
const joining = /[\p{M}\p{Cf}\p{Regional_Indicator}\p{Emoji_Modifier}\u1100-\u11ff]/u;
const emoji = /\p{Emoji_Presentation}|\ufe0f|\p{Regional_Indicator}/u;
const onlyMarks = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
let segmenter: Intl.Segmenter | undefined;

function* graphemes(text: string): Generator<string> {
  if (!joining.test(text)) return yield* text;
  for (const { segment } of (segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" })).segment(text)) yield segment;
}
const cells = (grapheme: string): number => (onlyMarks.test(grapheme) ? 0 : wide.test(grapheme) || emoji.test(grapheme) ? 2 : 1);

/** Columns that text takes on a terminal. It holds no control characters (see `escapeText`). */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const segment of graphemes(text)) width += cells(segment);
  return width;
}

/** Text cut to at most `width` columns, with `…` where something is missing; a wide character is never halved. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return "";
  let out = "";
  let used = 0;
  for (const segment of graphemes(text)) {
    const next = cells(segment);
    if (used + next > width - 1) break;
    out += segment;
    used += next;
  }
  return `${out}…`;
}

/** Text filled up with spaces to `width` columns, on the right or (figures) on the left. */
export function pad(text: string, width: number, side: "left" | "right" = "left"): string {
  const fill = " ".repeat(Math.max(0, width - widthOf(text)));
  return side === "left" ? text + fill : fill + text;
}
