import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState, type KeyboardEvent } from "react";
import { live } from "../live/live.ts";
import { preferences } from "../preferences/preferences.ts";
import { usePreferences } from "../preferences/usePreferences.ts";
import { useTexts } from "../texts/texts.ts";
import { groupings, groupingTexts, rootKey, useBranches, type Grouping } from "./groupings.ts";
import { SearchResults } from "./SearchResults.tsx";
import { TreeRow } from "./TreeRow.tsx";
import { TreeModel } from "./treeModel.ts";

const heights = { dense: 26, comfortable: 34 } as const;

/** Everything that there is, by host, folder, tag, network or datastore; and the search in it. */
export function Tree() {
  const { t } = useTexts();
  const { grouping: kept } = usePreferences();
  const grouping = (groupings as readonly string[]).includes(kept) ? (kept as Grouping) : "hosts";
  const [search, setSearch] = useState("");
  return (
    <div className="pv-tree">
      <div className="pv-tree__tools">
        <input
          type="search"
          data-keys="search"
          aria-label={t("tree.search")}
          placeholder={t("tree.search")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && setSearch("")}
        />
        <select aria-label={t("tree.grouping")} value={grouping} onChange={(event) => preferences.set({ grouping: event.target.value })}>
          {groupings.map((each) => (
            <option key={each} value={each}>
              {t(groupingTexts[each])}
            </option>
          ))}
        </select>
      </div>
      {search.trim() === "" ? <TreeLines key={grouping} grouping={grouping} /> : <SearchResults words={search.trim()} />}
    </div>
  );
}

function TreeLines({ grouping }: { grouping: Grouping }) {
  const { t } = useTexts();
  const { density } = usePreferences();
  const { branches } = useBranches(grouping);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set([rootKey]));
  const [version, changed] = useReducer((n: number) => n + 1, 0);
  const [active, setActive] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const model = useMemo(() => new TreeModel(openWindow, changed), []);
  useEffect(() => () => model.close(), [model]);
  useMemo(() => model.show(branches, open), [model, branches, open, version]);

  const height = heights[density];
  const virtual = useVirtualizer({ count: model.length, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 10 });
  useEffect(() => virtual.measure(), [virtual, height]);
  const items = virtual.getVirtualItems();
  const from = items[0]?.index ?? 0;
  const to = (items.at(-1)?.index ?? 0) + 1;
  useEffect(() => model.want(from, to), [model, from, to, version, open]);

  const fold = useCallback((key: string, wish?: boolean): void => {
    setOpen((before) => {
      const next = new Set(before);
      if (wish ?? !next.has(key)) next.add(key);
      else next.delete(key);
      return next;
    });
  }, []);
  const go = (index: number): void => {
    const place = Math.max(0, Math.min(model.length - 1, index));
    setActive(place);
    virtual.scrollToIndex(place);
  };
  const press = (event: KeyboardEvent): void => {
    const line = model.at(active);
    if (!line) return;
    if (event.key === "ArrowDown") go(active + 1);
    else if (event.key === "ArrowUp") go(active - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(model.length - 1);
    else if (event.key === "ArrowRight" && "open" in line) {
      if (line.open) go(active + 1);
      else if (line.expandable) fold(line.key, true);
    } else if (event.key === "ArrowLeft") {
      if ("open" in line && line.open) fold(line.key, false);
      else for (let index = active - 1; index >= 0; index--) if ((model.at(index)?.depth ?? 0) < line.depth) return go(index);
    } else if (event.key === "Enter") scroller.current?.querySelector<HTMLElement>(`#tree-${active} a`)?.click();
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={scroller}
      className="pv-tree__scroller"
      role="tree"
      aria-label={t("tree.label")}
      tabIndex={0}
      onKeyDown={press}
      {...(model.length > 0 ? { "aria-activedescendant": `tree-${active}` } : {})}
    >
      <div role="none" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map(({ index, start }) => {
          const line = model.at(index);
          return (
            line && <TreeRow key={index} line={line} index={index} start={start} height={height} isActive={index === active} fold={fold} activate={setActive} />
          );
        })}
      </div>
    </div>
  );
}

function openWindow(query: Parameters<typeof live.window>[0], changed: () => void) {
  const window = live.window(query);
  const view = {};
  const close = window.subscribe(view, changed);
  return { window, want: (from: number, to: number) => window.want(view, from, to), close };
}
