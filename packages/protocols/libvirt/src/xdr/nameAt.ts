interface Entry {
  hash: number;
  length: number;
  words: Int32Array;
  text: string;
}

const SLOTS = 4096;
const LONGEST = 80;
const slots: (Entry | undefined)[] = Array.from({ length: SLOTS }, () => undefined);

/**
 * The UTF-8 text at `start`, from a cache of recently seen names when it is there. Exact: a hit has compared every
 * byte. Bounded: one entry a slot, the newest wins, long names are not kept. The padding to four bytes is compared
 * too, so it must lie inside the buffer.
 */
export function nameAt(buffer: Buffer, view: DataView, start: number, length: number): string {
  if (length > LONGEST) return buffer.toString("utf8", start, start + length);
  const words = (length + 3) >> 2;
  let hash = length;
  for (let i = 0; i < words; i++) hash = Math.imul(hash ^ view.getInt32(start + i * 4), 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const entry = slots[slot];
  if (entry !== undefined && entry.hash === hash && entry.length === length) {
    let i = 0;
    while (i < words && entry.words[i] === view.getInt32(start + i * 4)) i++;
    if (i === words) return entry.text;
  }
  const text = buffer.toString("utf8", start, start + length);
  const kept = new Int32Array(words);
  for (let i = 0; i < words; i++) kept[i] = view.getInt32(start + i * 4);
  slots[slot] = { hash, length, words: kept, text: internalized(text) };
  return text;
}

/** The engine's one copy of a string, so that using it as a property name needs no lookup. */
function internalized(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text;
}
