import { useVirtualizer } from "@tanstack/react-virtual";
import { useNavigate } from "@tanstack/react-router";
import { memo, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { LiveKind, LiveObjects } from "../live/liveObject.ts";
import { useRow } from "../live/useLive.ts";
import { usePreferences } from "../preferences/usePreferences.ts";
import { useTexts } from "../texts/texts.ts";
import type { Column } from "./column.ts";
import { HeaderRow } from "./HeaderRow.tsx";
import type { Selection } from "./selection.ts";

/** Where rows come from: a window of the live store, or anything that has as many. */
export interface Rows {
  total: number | undefined;
  idAt(index: number): string | undefined;
  want(from: number, to: number): void;
}

interface Props<K extends LiveKind> {
  kind: K;
  label: string;
  rows: Rows;
  columns: readonly Column<LiveObjects[K]>[];
  /** Where a row leads. */
  href: (id: string) => string;
  sort?: string | undefined;
  onSort?: (sort: string) => void;
  selection?: Selection;
  /** Shown where there is no row. */
  empty: ReactNode;
}

const heights = { dense: 30, comfortable: 42 } as const;
/** Rows drawn beyond what is seen. */
const beyond = 12;

/** A table of any length: only what is seen is drawn and read. */
export function ObjectTable<K extends LiveKind>({ kind, label, rows, columns, href, sort, onSort, selection, empty }: Props<K>) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const { density } = usePreferences();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  const count = rows.total ?? 0;
  const height = heights[density];
  // oxlint-disable-next-line react-hooks/incompatible-library -- its rows are memoised by us
  const virtual = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: beyond });
  useEffect(() => virtual.measure(), [virtual, height]);
  const items = virtual.getVirtualItems();
  const from = items[0]?.index ?? 0;
  const to = (items.at(-1)?.index ?? 50) + 1;
  useEffect(() => rows.want(from, to), [rows, from, to, count]);

  const template = `${selection ? "2.25rem " : ""}${columns.map(({ width, grow }) => (grow ? `minmax(${width}px, ${grow}fr)` : `${width}px`)).join(" ")}`;
  const least = columns.reduce((sum, { width }) => sum + width, selection ? 36 : 0);

  const move = (next: number): void => {
    const place = Math.max(0, Math.min(count - 1, next));
    setActive(place);
    virtual.scrollToIndex(place);
  };
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 300) / height) - 2);
  const press = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return;
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: count - 1,
    };
    const id = rows.idAt(active);
    if (event.key in steps) move(steps[event.key]!);
    else if (event.key === "Enter" && id !== undefined) void navigate({ to: href(id) as "/" });
    else if (event.key === " " && id !== undefined && selection) selection.toggle(id);
    else if (event.key === "Escape" && selection) selection.clear();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && selection) selection.chooseAll();
    else return;
    event.preventDefault();
  };

  return (
    <div className="pv-table" style={{ "--pv-columns": template, "--pv-row": `${height}px`, "--pv-least": `${least}px` } as object}>
      <div
        ref={scroller}
        className="pv-table__scroller"
        role="grid"
        aria-label={label}
        aria-rowcount={rows.total === undefined ? -1 : count + 1}
        aria-multiselectable={selection ? true : undefined}
        tabIndex={0}
        onKeyDown={press}
        onFocus={(event) => event.target === event.currentTarget && active < 0 && setActive(0)}
        {...(active >= 0 && count > 0 ? { "aria-activedescendant": `row-${active}` } : {})}
      >
        <HeaderRow columns={columns} sort={sort} onSort={onSort} selection={selection} total={count} />
        <div role="rowgroup" className="pv-table__body" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => (
            <Row
              key={index}
              index={index}
              start={start}
              id={rows.idAt(index)}
              columns={columns as readonly Column<never>[]}
              href={href}
              isActive={index === active}
              isChosen={selection?.has(rows.idAt(index) ?? "") ?? false}
              toggle={selection?.toggle}
              choice={t("table.choose")}
              activate={setActive}
            />
          ))}
        </div>
      </div>
      {rows.total === 0 && <div className="pv-table__empty">{empty}</div>}
      <span className="pv-unseen" role="status">
        {rows.total === undefined ? t("table.reading") : ""}
      </span>
      {/* A kind names the test hooks of its table. */}
      <span hidden data-table={kind} data-total={rows.total ?? ""} />
    </div>
  );
}

interface RowProps {
  index: number;
  start: number;
  id: string | undefined;
  columns: readonly Column<never>[];
  href: (id: string) => string;
  isActive: boolean;
  isChosen: boolean;
  toggle: ((id: string) => void) | undefined;
  choice: string;
  activate: (index: number) => void;
}

const Row = memo(function Row({ index, start, id, columns, href, isActive, isChosen, toggle, choice, activate }: RowProps) {
  const object = useRow(id);
  const navigate = useNavigate();
  return (
    <div
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      aria-selected={toggle ? isChosen : undefined}
      className="pv-row"
      data-active={isActive}
      data-waits={object === undefined}
      style={{ transform: `translateY(${start}px)` }}
      onClick={(event) => {
        activate(index);
        if (id === undefined || (event.target as Element).closest("a, button, input, label")) return;
        if ((event.ctrlKey || event.metaKey) && toggle) toggle(id);
      }}
      onDoubleClick={() => id !== undefined && void navigate({ to: href(id) as "/" })}
    >
      {toggle && (
        <div role="gridcell" className="pv-cell pv-cell--choice">
          <label>
            <input
              type="checkbox"
              tabIndex={-1}
              aria-label={choice}
              checked={isChosen}
              disabled={id === undefined}
              onChange={() => id !== undefined && toggle(id)}
            />
          </label>
        </div>
      )}
      {columns.map((column) => (
        <div key={column.id} role="gridcell" className="pv-cell" data-align={column.align}>
          {object === undefined ? <span className="pv-waits" /> : column.cell(object as never)}
        </div>
      ))}
    </div>
  );
});
