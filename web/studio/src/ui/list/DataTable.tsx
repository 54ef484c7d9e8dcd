/**
 * Rows with columns; on a phone each row is a block of names and values. Long tables keep only the
 * rows near the window in the document.
 */

import { VisuallyHidden } from "@mantine/core";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

import { t } from "../../texts/index.ts";
import classes from "../ui.module.css";

export interface Column<R> {
  readonly id: string;
  /** Empty for what can be done with a row. */
  readonly header: string;
  readonly cell: (row: R) => ReactNode;
  /** Figures stand at the end of their column. */
  readonly end?: boolean;
  /** On a phone: without its name, as the row's own title. */
  readonly title?: boolean;
}

interface DataTableProps<R> {
  readonly label: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  readonly rowKey: (row: R) => string;
  readonly onOpen?: (row: R) => void;
  readonly chosen?: string | null;
  /** There is nothing to press in it: what scrolls is reached by the keyboard itself. */
  readonly plain?: boolean;
  /** Whether there are older rows that were not read yet. */
  readonly hasMore?: boolean;
}

/** Rows from which on only those near the window are drawn. */
const MANY = 120;

export function DataTable<R>(props: DataTableProps<R>) {
  return props.rows.length < MANY ? <Whole {...props} /> : <Virtual {...props} />;
}

function Whole<R>(props: DataTableProps<R>) {
  return (
    <Frame {...props}>
      {props.rows.map((row) => (
        <Row key={props.rowKey(row)} row={row} {...props} />
      ))}
    </Frame>
  );
}

function Virtual<R>(props: DataTableProps<R>) {
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    if (place.current !== null) setTop(place.current.getBoundingClientRect().top + window.scrollY);
  }, []);
  const { rows, rowKey } = props;
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => 45,
    overscan: 12,
    scrollMargin: top,
    getItemKey: (index) => rowKey(rows[index] as R),
  });
  const items = virtual.getVirtualItems();
  const before = (items[0]?.start ?? top) - top;
  const after = virtual.getTotalSize() - ((items.at(-1)?.end ?? top) - top);
  return (
    <div ref={place}>
      <Frame {...props}>
        <Space height={before} />
        {items.map(({ index, key }) => (
          <Row
            key={String(key)}
            row={rows[index] as R}
            index={index}
            measure={virtual.measureElement}
            {...props}
          />
        ))}
        <Space height={after} />
      </Frame>
    </div>
  );
}

function Space({ height }: { readonly height: number }) {
  return height > 0 ? (
    <tr aria-hidden style={{ blockSize: height, padding: 0, border: 0 }} />
  ) : null;
}

function Frame<R>({
  label,
  columns,
  rows,
  plain = false,
  hasMore = false,
  children,
}: DataTableProps<R> & { readonly children: ReactNode }) {
  return (
    <div className={classes.scroll} tabIndex={plain ? 0 : undefined}>
      <table
        className={classes.table}
        aria-label={label}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
      >
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={column.end ? classes.end : undefined}>
                {column.header === "" ? (
                  <VisuallyHidden>{t.ui.acts}</VisuallyHidden>
                ) : (
                  column.header
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

interface RowProps<R> extends DataTableProps<R> {
  readonly row: R;
  readonly index?: number;
  readonly measure?: (element: HTMLElement | null) => void;
}

function Row<R>({ row, columns, rowKey, onOpen, chosen, index, measure }: RowProps<R>) {
  const open =
    onOpen === undefined
      ? undefined
      : (event: React.MouseEvent) => {
          // Controls in a row have acts of their own, and text may be selected.
          const target = event.target as Element;
          const selects = (window.getSelection()?.toString() ?? "") !== "";
          if (!target.closest("a, button, input, label") && !selects) onOpen(row);
        };
  const key = rowKey(row);
  return (
    <tr
      ref={measure}
      data-index={index}
      // The row of headers is the first.
      aria-rowindex={index === undefined ? undefined : index + 2}
      onClick={open}
      className={[open && classes.clickable, chosen === key && classes.chosen]
        .filter(Boolean)
        .join(" ")}
    >
      {columns.map((column) => (
        <td
          key={column.id}
          data-label={column.title || column.header === "" ? undefined : column.header}
          className={column.end ? classes.end : undefined}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}
