import { useMemo, useSyncExternalStore } from "react";
import { preferences } from "../preferences/preferences.ts";
import { usePreferences } from "../preferences/usePreferences.ts";
import { useSearchState } from "../routes/useSearchState.ts";
import type { Column } from "./column.ts";

const phone = matchMedia("(max-width: 600px)");
const subscribe = (fn: () => void): (() => void) => {
  phone.addEventListener("change", fn);
  return () => phone.removeEventListener("change", fn);
};

/** Columns that are shown: those of the address, else those that the user chose, else the standard ones. */
export function useColumns<T>(name: string, all: readonly Column<T>[]): { shown: readonly Column<T>[]; choose: (ids: readonly string[]) => void } {
  const { columns } = usePreferences();
  const [search, set] = useSearchState();
  const narrow = useSyncExternalStore(subscribe, () => phone.matches);
  const chosen = search["columns"]?.split(",") ?? columns[name];
  const shown = useMemo(() => {
    const ids = chosen?.filter((id) => all.some((each) => each.id === id));
    const list = ids && ids.length > 0 ? all.filter(({ id }) => ids.includes(id)) : all.filter(({ standard }) => standard);
    return narrow && search["columns"] === undefined ? list.filter((each) => each.narrow) : list;
  }, [all, chosen?.join(), narrow, search["columns"]]);
  return {
    shown,
    choose(ids) {
      preferences.set({ columns: { ...preferences.get().columns, [name]: ids } });
      set({ columns: ids.join(",") }, true);
    },
  };
}
