import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { EmptyState, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { useMemo, type ReactNode } from "react";
import type { EstateKind, LiveObjects } from "../live/liveObject.ts";
import { useWindow } from "../live/useLive.ts";
import { objectPath, useTab } from "../routes/links.ts";
import { useSearchState } from "../routes/useSearchState.ts";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "../ui/Failure.tsx";
import { useTitle } from "../ui/useTitle.ts";
import type { Column } from "./column.ts";
import { ColumnChooser } from "./ColumnChooser.tsx";
import { FilterBar } from "./FilterBar.tsx";
import { ObjectTable } from "./ObjectTable.tsx";
import { useSelection, type Selection } from "./selection.ts";
import { useColumns } from "./useColumns.ts";
import { ViewMenu } from "./ViewMenu.tsx";

interface Props<K extends EstateKind> {
  kind: K;
  title: string;
  columns: readonly Column<LiveObjects[K]>[];
  /** Said where there is not one object at all, and what to do then. */
  emptyText: string;
  emptyAction?: ReactNode;
  /** Buttons beside the title. */
  actions?: ReactNode;
  /** What stands in place of the title while rows are chosen. */
  bulk?: (selection: Selection, total: number, filter: string) => ReactNode;
}

/** A page with a list: its filter, order and columns are in the address. */
export function ListPage<K extends EstateKind>({ kind, title, columns, emptyText, emptyAction, actions, bulk }: Props<K>) {
  const { t } = useTexts();
  const tab = useTab();
  const [search, setSearch] = useSearchState();
  const filter = search["filter"] ?? "";
  const sort = search["sort"];
  const { window, want } = useWindow({ kind, filter: filter || undefined, sort });
  const { shown, choose } = useColumns(kind, columns);
  const selection = useSelection(`${kind} ${filter}`);
  const { total, version } = window;
  const rows = useMemo(() => ({ total, idAt: (index: number) => window.idAt(index), want }), [window, total, version, want]);
  useTitle(title);
  const chosen = selection.count(total ?? 0);
  return (
    <section className="pv-list" aria-label={title}>
      <header className="pv-list__head">
        {bulk && chosen > 0 ? (
          bulk(selection, total ?? 0, filter)
        ) : (
          <>
            <h1>{title}</h1>
            <span className="pv-count" aria-live="polite">
              {total === undefined ? "" : t("table.count", { count: total })}
            </span>
            {actions}
          </>
        )}
      </header>
      <div className="pv-list__tools">
        <FilterBar kind={kind} filter={filter} onFilter={(next) => setSearch({ filter: next || undefined }, filter !== "" && next !== "")} />
        <ColumnChooser all={columns} shown={shown} choose={choose} />
        <ViewMenu kind={kind} columns={shown} />
      </div>
      {window.error !== undefined && <Failure error={window.error} retry={() => window.retry()} />}
      <ObjectTable
        kind={kind}
        label={title}
        rows={rows}
        columns={shown}
        href={(id) => objectPath(kind, id, tab)}
        sort={sort}
        onSort={(next) => setSearch({ sort: next === "name" ? undefined : next })}
        {...(bulk ? { selection } : {})}
        empty={
          filter === "" ? (
            <EmptyState titleText={emptyText} headingLevel="h2" variant="sm">
              {emptyAction !== undefined && <EmptyStateFooter>{emptyAction}</EmptyStateFooter>}
            </EmptyState>
          ) : (
            <EmptyState titleText={t("table.nothingFits")} headingLevel="h2" variant="sm">
              <EmptyStateBody>
                <code>{filter}</code>
              </EmptyStateBody>
              <EmptyStateFooter>
                <Button variant="link" onClick={() => setSearch({ filter: undefined })}>
                  {t("table.filterClear")}
                </Button>
              </EmptyStateFooter>
            </EmptyState>
          )
        }
      />
    </section>
  );
}
