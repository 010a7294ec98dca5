const longest = 64;

/** Edits (one character more, less, other, or two swapped) from one word to another. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1), swapped));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** The known word that was probably meant, if one is near. */
export function suggest(typed: string, known: Iterable<string>): string | undefined {
  if (typed.length === 0 || typed.length > longest) return undefined;
  const small = typed.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(small.length / 3)) + 1;
  for (const word of known) {
    if (word.length > longest || Math.abs(word.length - small.length) >= least) continue;
    const edits = distance(small, word.toLowerCase());
    if (edits < least) [best, least] = [word, edits];
  }
  return best;
}
