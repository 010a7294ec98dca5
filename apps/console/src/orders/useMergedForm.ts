import { useState } from "react";

/** A field that was written in, while another changed it: both values, and what both began with. */
export interface Conflict<K extends string> {
  key: K;
  saw: string;
  theirs: string;
  mine: string;
}

interface Edit {
  saw: string;
  mine: string;
}

/** A form over something that others change at the same time. */
export interface MergedForm<T extends Record<string, string>> {
  values: T;
  set: (key: keyof T & string, value: string) => void;
  /** Fields that differ from how things are now. */
  changed: (keyof T & string)[];
  conflicts: Conflict<keyof T & string>[];
  choose: (key: keyof T & string, whose: "mine" | "theirs") => void;
}

/** What a form shows of what others have done and what was written into it. A field that was not touched follows the others. */
export function merged<T extends Record<string, string>>(
  now: T,
  edits: Partial<Record<keyof T, Edit>>,
): Pick<MergedForm<T>, "values" | "changed" | "conflicts"> {
  const keys = Object.keys(now) as (keyof T & string)[];
  const values = Object.fromEntries(keys.map((key) => [key, edits[key]?.mine ?? now[key]])) as T;
  return {
    values,
    changed: keys.filter((key) => values[key] !== now[key]),
    conflicts: keys.flatMap((key) => {
      const edit = edits[key];
      return edit && edit.saw !== now[key] && edit.mine !== now[key] ? [{ key, saw: edit.saw, theirs: now[key]!, mine: edit.mine }] : [];
    }),
  };
}

/** @param now the values as they are at this moment, by the live store */
export function useMergedForm<T extends Record<string, string>>(now: T): MergedForm<T> {
  const [edits, setEdits] = useState<Partial<Record<keyof T, Edit>>>({});
  return {
    ...merged(now, edits),
    set: (key, mine) => setEdits((before) => ({ ...before, [key]: { saw: before[key]?.saw ?? now[key]!, mine } })),
    choose: (key, whose) =>
      setEdits((before) => {
        const { [key]: edit, ...rest } = before;
        return (whose === "mine" && edit ? { ...rest, [key]: { saw: now[key]!, mine: edit.mine } } : rest) as typeof before;
      }),
  };
}
