import { fitsPattern, foldCase, inRange, searchedFields, type CheckedFilter, type FieldTest, type FilterKind } from "@polyvisor/api";
import type { EstateObject } from "../controlPlane.ts";
import type { FieldValue } from "./fields.ts";

/** What a filter asks of the estate about one object. */
export interface Facts {
  /** Every value of a field; none where it is not known. */
  valuesOf(object: EstateObject, field: string): readonly FieldValue[];
  /** Objects of another kind that it is on or uses. */
  related(object: EstateObject, kind: FilterKind): readonly EstateObject[];
}

/** Whether one object fits a filter. What the indexes answer for all of them is the same by definition. */
export function fitsFilter(filter: CheckedFilter, object: EstateObject, facts: Facts): boolean {
  switch (filter.is) {
    case "all":
      return true;
    case "and":
      return filter.parts.every((part) => fitsFilter(part, object, facts));
    case "or":
      return filter.parts.some((part) => fitsFilter(part, object, facts));
    case "not":
      return !fitsFilter(filter.part, object, facts);
    case "match": {
      const about = filter.through ? facts.related(object, filter.through) : [object];
      return about.some((each) => fitsTest(filter.test, facts.valuesOf(each, filter.field)));
    }
    case "text": {
      const ids = facts.valuesOf(object, "id");
      return filter.any.some((text) => {
        const pattern = holds(text);
        return (
          ids.includes(text) || searchedFields[object.kind].some((field) => facts.valuesOf(object, field).some((value) => fitsPattern(pattern, String(value))))
        );
      });
    }
  }
}

/** A text anywhere in a value, whatever its letter case. */
export const holds = (text: string): { pieces: readonly string[]; fold: boolean } => ({ pieces: ["", foldCase(text), ""], fold: true });

export function fitsTest(test: FieldTest, values: readonly FieldValue[]): boolean {
  if (test.by === "filled") return values.length > 0;
  if (test.by === "text") return values.some((value) => test.any.some((pattern) => fitsPattern(pattern, String(value))));
  return values.some((value) => test.any.some((range) => inRange(range, value as number)));
}
