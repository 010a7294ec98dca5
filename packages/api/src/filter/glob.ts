/**
 * Whether a value is the pieces with any text between them: `["web-", ""]` is `web-*`, one piece alone is the value
 * itself. Linear in the length of both for any number of pieces.
 */
export function fitsPieces(pieces: readonly string[], value: string): boolean {
  if (pieces.length === 1) return pieces[0] === value;
  const first = pieces[0]!;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const found = value.indexOf(pieces[i]!, at);
    if (found < 0) return false;
    at = found + pieces[i]!.length;
  }
  const last = pieces[pieces.length - 1]!;
  return value.length - last.length >= at && value.endsWith(last);
}

/** What a text is held against: pieces as for `fitsPieces`; with `fold` they are in small letters and letter case does not count. */
export interface Pattern {
  pieces: readonly string[];
  fold: boolean;
}

export function fitsPattern(pattern: Pattern, value: string): boolean {
  // Values are nearly always in small letters already: the copy is made only where it would be another text.
  return fitsPieces(pattern.pieces, value) || (pattern.fold && notFolded.test(value) && fitsPieces(pattern.pieces, foldCase(value)));
}

const notFolded = /[A-Z\u0080-\uffff]/;

/** Small letters, each character by itself: what holds a text still holds it folded (as a whole, a sigma depends on what follows). */
export const foldCase = (text: string): string => (/^[\0-\x7f]*$/.test(text) ? text.toLowerCase() : Array.from(text, (char) => char.toLowerCase()).join(""));
