// Tables that sort by a click on a column's head.
import { useMemo, useState, type ReactNode } from "react";
import { useText } from "../i18n";
import { Button } from "./basic";

export interface Column<T> {
  key: string;
  title: string;
  cell(row: T): ReactNode;
  /** What the column sorts by; without it the column does not sort. */
  by?(row: T): string | number;
  number?: boolean;
  wide?: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey(row: T): string;
  first?: { key: string; down: boolean };
  sortText?(column: string): string;
  onRow?(row: T): void;
}

const firstRows = 100;

export function Table<T>({ label, columns, rows, rowKey, first, sortText, onRow }: Props<T>) {
  const t = useText();
  const [sort, setSort] = useState(first ?? null);
  const [most, setMost] = useState(firstRows);
  const sorted = useMemo(() => {
    const by = columns.find(({ key }) => key === sort?.key)?.by;
    if (!by || !sort) return rows;
    const compared = (left: T, right: T) => {
      const [a, b] = [by(left), by(right)];
      return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
    };
    return [...rows].sort((left, right) => (sort.down ? -1 : 1) * compared(left, right));
  }, [columns, rows, sort]);
  const classes = (column: Column<T>) => [column.number ? "number" : "", column.wide ? "wide-only" : ""].filter(Boolean).join(" ") || undefined;
  return (
    <>
      <div className="table-box" tabIndex={0} role="region" aria-label={label}>
        <table className="table">
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  className={classes(column)}
                  aria-sort={sort?.key === column.key ? (sort.down ? "descending" : "ascending") : undefined}
                >
                  {column.by ? (
                    <button type="button" title={sortText?.(column.title)} onClick={() => setSort({ key: column.key, down: sort?.key === column.key ? !sort.down : false })}>
                      {column.title}
                      <span aria-hidden="true">{sort?.key === column.key ? (sort.down ? " ↓" : " ↑") : " ↕"}</span>
                    </button>
                  ) : (
                    column.title
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, most).map((row) => (
              <tr key={rowKey(row)} className={onRow ? "clickable" : undefined} onClick={onRow && ((event) => !(event.target as HTMLElement).closest("a,button") && onRow(row))}>
                {columns.map((column) => (
                  <td key={column.key} className={classes(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > most && (
        <div>
          <Button small onClick={() => setMost(most + firstRows)}>
            {t.state.more} ({sorted.length - most})
          </Button>
        </div>
      )}
    </>
  );
}
