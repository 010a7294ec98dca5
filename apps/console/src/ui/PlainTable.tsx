import type { ReactNode } from "react";
import { useTexts, type TextKey } from "../texts/texts.ts";

/** A column of a plain table. */
export interface PlainColumn<T> {
  text: TextKey;
  cell: (row: T) => ReactNode;
  /** Left out on a phone. */
  wide?: boolean;
  align?: "end";
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  keyOf: (row: T) => string;
  columns: readonly PlainColumn<T>[];
  /** At the end of a row. */
  actions?: (row: T) => ReactNode;
  /** Said where there is no row. */
  empty: string;
}

/** A short table of what is administered: tens or hundreds of rows. Long lists are `ObjectTable`'s. */
export function PlainTable<T>({ label, rows, keyOf, columns, actions, empty }: Props<T>) {
  const { t } = useTexts();
  if (rows.length === 0) return <p className="pv-quiet">{empty}</p>;
  return (
    <div className="pv-plain" role="group" aria-label={label} tabIndex={0}>
      <table>
        <caption className="pv-unseen">{label}</caption>
        <thead>
          <tr>
            {columns.map(({ text, wide, align }) => (
              <th key={text} scope="col" data-wide={wide} data-align={align}>
                {t(text)}
              </th>
            ))}
            {actions && (
              <th scope="col">
                <span className="pv-unseen">{t("administration.actions")}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ text, wide, align, cell }) => (
                <td key={text} data-wide={wide} data-align={align}>
                  {cell(row)}
                </td>
              ))}
              {actions && <td className="pv-plain__actions">{actions(row)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
