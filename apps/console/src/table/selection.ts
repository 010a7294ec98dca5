import { useCallback, useMemo, useState } from "react";

/** What is chosen of a list: some rows, or all that fit its filter, however many. */
export interface Selection {
  ids: ReadonlySet<string>;
  all: boolean;
  has(id: string): boolean;
  /** How many; `total` is how many there are. */
  count(total: number): number;
  toggle(id: string): void;
  /** Everything between two rows, as Shift does. */
  add(ids: readonly string[]): void;
  chooseAll(): void;
  clear(): void;
}

const none: ReadonlySet<string> = new Set();

/** @param key what the selection is of; another list begins with nothing chosen */
export function useSelection(key: string): Selection {
  const [state, setState] = useState<{ key: string; ids: ReadonlySet<string>; all: boolean }>({ key, ids: none, all: false });
  const present = state.key === key ? state : { key, ids: none, all: false };
  const set = useCallback((ids: ReadonlySet<string>, all = false) => setState({ key, ids, all }), [key]);
  return useMemo(
    () => ({
      ids: present.ids,
      all: present.all,
      has: (id) => present.all || present.ids.has(id),
      count: (total) => (present.all ? total : present.ids.size),
      toggle(id) {
        const ids = new Set(present.ids);
        if (!ids.delete(id)) ids.add(id);
        set(ids);
      },
      add: (ids) => set(new Set([...present.ids, ...ids])),
      chooseAll: () => set(none, true),
      clear: () => set(none),
    }),
    [present.ids, present.all, set],
  );
}
