/**
 * A list whose rows are moved by a grip: with a mouse, by touch, or by keys, with each step said. Where
 * they may go besides is a menu's affair.
 */

import {
  Accessibility,
  type DragDropManager,
  KeyboardSensor,
  PointerActivationConstraints,
  PointerSensor,
  StyleInjector,
} from "@dnd-kit/dom";
import { DragDropProvider } from "@dnd-kit/react";
import { isSortable, useSortable } from "@dnd-kit/react/sortable";
import { IconGripVertical } from "@tabler/icons-react";
import { type ReactNode, useEffect, useMemo, useRef } from "react";

import { nonce } from "../../nonce.ts";
import { t } from "../../texts/index.ts";
import classes from "./sortable.module.css";

/** A grip is for nothing else: a finger on it need not rest first, as it would have to on a row that scrolls. */
const sensors = [
  PointerSensor.configure({
    activationConstraints: ({ pointerType }) =>
      pointerType === "mouse"
        ? undefined
        : [new PointerActivationConstraints.Distance({ value: 4 })],
  }),
  KeyboardSensor,
];

interface SortableListProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** What a row is called when it is moved. */
  readonly name: (row: T) => string;
  /** A row was put to another place, counted without it. */
  readonly onMove: (row: T, to: number) => void;
  readonly children: (row: T, index: number) => ReactNode;
}

export function SortableList<T>(props: SortableListProps<T>) {
  const { label, rows, rowKey, name, onMove, children } = props;
  const manager = useRef<DragDropManager | null>(null);
  const words = useRef<(id: string) => string>(() => "");
  words.current = (id) => {
    const row = rows.find((one) => rowKey(one) === id);
    return row === undefined ? "" : name(row);
  };
  const count = useRef(rows.length);
  count.current = rows.length;
  const plugins = useMemo(
    () => (defaults: readonly unknown[]) => [
      ...(defaults as never[]),
      StyleInjector.configure({ nonce }),
      Accessibility.configure(announcing(words, count)),
    ],
    [],
  );
  // A drag by keys ends where somebody points at something else.
  useEffect(() => {
    const end = () => {
      const { dragOperation, actions } = manager.current ?? {};
      const isByKeys = dragOperation?.activatorEvent instanceof KeyboardEvent;
      if (isByKeys && dragOperation?.status.dragging) void actions?.stop({ canceled: true });
    };
    addEventListener("pointerdown", end);
    return () => removeEventListener("pointerdown", end);
  }, []);
  return (
    <DragDropProvider
      plugins={plugins as never}
      sensors={sensors}
      onBeforeDragStart={(_, of) => {
        manager.current = of as unknown as DragDropManager;
      }}
      onDragEnd={({ operation, canceled }) => {
        const { source } = operation;
        if (canceled || !isSortable(source) || source.index === source.initialIndex) return;
        const row = rows.find((one) => rowKey(one) === source.id);
        if (row !== undefined) onMove(row, source.index);
      }}
    >
      <ul className={classes.list} aria-label={label}>
        {rows.map((row, index) => (
          <Row key={rowKey(row)} id={rowKey(row)} index={index} name={name(row)}>
            {children(row, index)}
          </Row>
        ))}
      </ul>
    </DragDropProvider>
  );
}

interface RowProps {
  readonly id: string;
  readonly index: number;
  readonly name: string;
  readonly children: ReactNode;
}

function Row({ id, index, name, children }: RowProps) {
  const { ref, handleRef, isDragging } = useSortable({ id, index });
  return (
    <li ref={ref} className={classes.row} data-dragging={isDragging || undefined}>
      <button
        ref={handleRef}
        type="button"
        className={classes.grip}
        aria-label={t.design.blocks.grip(name)}
      >
        <IconGripVertical size={16} stroke={1.6} aria-hidden />
      </button>
      <div className={classes.content}>{children}</div>
    </li>
  );
}

interface Current<T> {
  readonly current: T;
}

/** What is said of each step, to those who don't see it. */
function announcing(name: Current<(id: string) => string>, count: Current<number>) {
  const words = t.design.blocks;
  type Source = { readonly id: unknown } | null;
  const placed = (source: Source, say: (name: string, at: number, all: number) => string) =>
    isSortable(source as never)
      ? say(
          name.current(String(source?.id)),
          (source as unknown as { index: number }).index + 1,
          count.current,
        )
      : undefined;
  type Event = { readonly operation: { readonly source: Source }; readonly canceled?: boolean };
  return {
    screenReaderInstructions: { draggable: words.dragHelp },
    announcements: {
      dragstart: ({ operation }: Event) => placed(operation.source, words.picked),
      dragover: ({ operation }: Event) => placed(operation.source, words.over),
      dragend: ({ operation, canceled }: Event) =>
        canceled === true
          ? words.putBack(name.current(String(operation.source?.id)))
          : placed(operation.source, words.dropped),
    },
  } as never;
}
