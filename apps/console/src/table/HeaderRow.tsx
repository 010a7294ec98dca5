import { useTexts } from "../texts/texts.ts";
import type { Column } from "./column.ts";
import type { Selection } from "./selection.ts";

interface Props<T> {
  columns: readonly Column<T>[];
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
  selection: Selection | undefined;
  total: number;
}

/** Names of the columns; a press sorts, a second one turns the order round. */
export function HeaderRow<T>({ columns, sort = "name", onSort, selection, total }: Props<T>) {
  const { t } = useTexts();
  const field = sort.replace(/^-/, "");
  const descending = sort.startsWith("-");
  const chosen = selection?.count(total) ?? 0;
  return (
    <div role="rowgroup" className="pv-table__head">
      <div role="row" aria-rowindex={1} className="pv-row pv-row--head">
        {selection && (
          <div role="columnheader" className="pv-cell pv-cell--choice">
            <label>
              <input
                type="checkbox"
                aria-label={t("table.chooseAll")}
                checked={chosen > 0 && chosen === total}
                ref={(box) => {
                  if (box) box.indeterminate = chosen > 0 && chosen < total;
                }}
                onChange={() => (chosen > 0 ? selection.clear() : selection.chooseAll())}
              />
            </label>
          </div>
        )}
        {columns.map((column) => {
          const isSorted = column.sort !== undefined && column.sort === field;
          return (
            <div
              key={column.id}
              role="columnheader"
              className="pv-cell"
              data-align={column.align}
              {...(isSorted ? { "aria-sort": descending ? "descending" : "ascending" } : {})}
            >
              {column.sort !== undefined && onSort ? (
                <button type="button" className="pv-sort" onClick={() => onSort(isSorted && !descending ? `-${column.sort}` : column.sort!)}>
                  {t(column.text)}
                  <span aria-hidden className="pv-sort__arrow">
                    {isSorted ? (descending ? "↓" : "↑") : ""}
                  </span>
                </button>
              ) : (
                t(column.text)
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
