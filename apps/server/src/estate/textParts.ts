import { foldCase } from "@polyvisor/api";
import { Bits } from "./bits.ts";
import { SlotSet } from "./slotSet.ts";
import { ValueIndex } from "./valueIndex.ts";

/** Stands before and after each text, so that a beginning, an end and a text of one character have parts of three. No text holds it. */
const edge = "\0";
const length = 3;

/** Longest text that is taken apart; an object with a longer one is looked at each time. */
const longest = 512;
const isLong = (text: string): boolean => text.length > longest;

function partsOf(texts: readonly string[]): Set<string> {
  const parts = new Set<string>();
  for (const text of texts) {
    if (isLong(text)) continue;
    const whole = edge + foldCase(text) + edge;
    for (let i = 0; i + length <= whole.length; i++) parts.add(whole.slice(i, i + length));
  }
  return parts;
}

/** Which objects have a text with given three characters in it (trigrams): finds `*web*` without looking at every name. */
export class TextParts {
  readonly #index = new ValueIndex<string>(() => "");
  readonly #long = new SlotSet();

  change(before: readonly string[], after: readonly string[], slot: number): void {
    if (after.some(isLong)) this.#long.add(slot);
    else if (before.some(isLong)) this.#long.delete(slot);
    const old = partsOf(before);
    const now = partsOf(after);
    for (const part of old) if (!now.has(part)) this.#index.delete(part, slot);
    for (const part of now) if (!old.has(part)) this.#index.add(part, slot);
  }

  /**
   * Slots that may have a text that fits the pieces (`["web-", ""]` is `web-*`), letter case apart. `exact`: all of them do.
   * Undefined where the pieces say nothing (`*`).
   */
  candidates(pieces: readonly string[], slots: number): { bits: Bits; exact: boolean } | undefined {
    const needles = pieces
      .map((piece, i) => (piece === "" ? "" : (i === 0 ? edge : "") + foldCase(piece) + (i === pieces.length - 1 ? edge : "")))
      .filter((each) => each !== "");
    let bits: Bits | undefined;
    let parts = 0;
    const keep = (found: Bits): void => {
      bits = bits ? bits.and(found) : found;
      parts++;
    };
    for (const needle of needles) {
      if (needle.length < length) keep(this.#holding(needle, slots));
      for (let i = 0; i + length <= needle.length; i++) keep(this.#having(needle.slice(i, i + length), slots));
    }
    if (bits) this.#long.into(bits);
    return bits && { bits, exact: parts === 1 && this.#long.size === 0 };
  }

  #having(part: string, slots: number): Bits {
    const bits = new Bits(slots);
    this.#index.into(part, bits);
    return bits;
  }

  /** Any part that holds one or two characters. */
  #holding(short: string, slots: number): Bits {
    const bits = new Bits(slots);
    for (const part of this.#index.values()) if (part.includes(short)) this.#index.into(part, bits);
    return bits;
  }
}
