import type { ReactNode } from "react";
import type { TextKey } from "../texts/texts.ts";

/** A column of a table. `T` is what a row is. */
export interface Column<T> {
  id: string;
  text: TextKey;
  /** Narrowest and usual width in pixels; with `grow` it takes a share of what is left. */
  width: number;
  grow?: number;
  /** The API's sort field, where the list can be sorted by it. */
  sort?: string;
  align?: "end";
  /** Shown where nobody chose columns. */
  standard?: boolean;
  /** Kept on a screen of a phone's width. */
  narrow?: boolean;
  cell: (row: T) => ReactNode;
  /** The same for a file; what `cell` shows where that is a text. */
  csv?: (row: T) => string | number;
}
