import { foldCase, type Pattern } from "@polyvisor/api";
import type { EstateKind, ObjectOf } from "../controlPlane.ts";
import type { FieldReader, FieldValue } from "./fields.ts";
import { TextParts } from "./textParts.ts";
import { ValueIndex } from "./valueIndex.ts";

/**
 * Follows the objects of a table: the index of a field, or an order. It has those in the slots below `covered`; after
 * a start that grows bit by bit, until it is `Infinity`.
 */
export interface Follower {
  covered: number;
  add(slot: number): void;
}

/** Puts an object's values of now in the place of its old ones. */
export function changeValues<V extends FieldValue>(index: ValueIndex<V>, old: readonly V[], now: readonly V[], slot: number): void {
  if (old.length === 0) {
    for (const value of now) index.add(value, slot);
    return;
  }
  if (old.length === 1 && now.length === 1 && old[0] === now[0]) return;
  const [had, has] = [membership(old), membership(now)];
  for (const value of old) if (!has(value)) index.delete(value, slot);
  for (const value of now) if (!had(value)) index.add(value, slot);
}

/** Whether a value is in a list; a long one (thousands of disks) is not gone through for each. */
function membership<V>(list: readonly V[]): (value: V) => boolean {
  if (list.length < 16) return (value) => list.includes(value);
  const set = new Set(list);
  return (value) => set.has(value);
}

const nothing: readonly FieldValue[] = [];

/** Where an index finds its objects. */
interface Objects<K extends EstateKind> {
  at(slot: number): ObjectOf[K];
  idOf(slot: number): string;
}

/** Which objects have a value of one field, and which have a text with given characters in it. */
export class FieldIndex<K extends EstateKind> implements Follower {
  covered = Infinity;
  readonly values: ValueIndex<FieldValue>;
  readonly parts: TextParts | undefined;
  /** Every letter that the values of a searched field ever had, so that `web` is not looked for in all MAC addresses. */
  readonly #letters: Set<string> | undefined;
  readonly #reader: FieldReader<K>;
  readonly #objects: Objects<K>;

  constructor(reader: FieldReader<K>, objects: Objects<K>, searched: boolean) {
    this.values = new ValueIndex<FieldValue>((slot) => objects.idOf(slot));
    this.parts = reader.by === "parts" ? new TextParts() : undefined;
    this.#letters = searched && !this.parts ? new Set() : undefined;
    this.#reader = reader;
    this.#objects = objects;
  }

  static isIndexed({ by }: { by: string }): boolean {
    return by === "values" || by === "parts";
  }

  add(slot: number): void {
    this.change(slot, undefined, this.#objects.at(slot));
  }

  change(slot: number, before: ObjectOf[K] | undefined, after: ObjectOf[K] | undefined): void {
    const { from, read } = this.#reader;
    if (before && after && from.every((property) => before[property] === after[property])) return;
    const old = before ? read(before) : nothing;
    const now = after ? read(after) : nothing;
    changeValues(this.values, old, now, slot);
    this.parts?.change(old as string[], now as string[], slot);
    if (this.#letters) for (const value of now) for (const char of foldCase(value as string)) this.#letters.add(char);
  }

  /** Whether a text may have all letters of a pattern. */
  mayHold(pattern: Pattern): boolean {
    const letters = this.#letters;
    return !letters || pattern.pieces.every((piece) => Array.from(foldCase(piece)).every((char) => letters.has(char)));
  }
}
