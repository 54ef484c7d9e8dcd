/** One day's line of 24 hours. */

import { useRef, useState } from "react";

import type { Window } from "../../api/generated/schema.ts";
import { t } from "../../texts/index.ts";
import classes from "./hours.module.css";
import { DAY_MINUTES, isOvernight, moved, onItsDay, resized, sorted, timeOf } from "./times.ts";

interface DayTrackProps {
  readonly day: string;
  readonly windows: readonly Window[];
  /** Where the windows of the night before end, in minutes. */
  readonly before: readonly number[];
  readonly onChange: (windows: Window[]) => void;
}

/** Minutes that mouse and arrow keys go by; with Alt it is one of five. */
const STEP = 15;
const FINE = 5;

type Drag =
  | { readonly kind: "draw"; readonly from: number; readonly to: number }
  | {
      readonly kind: "move" | "resize";
      readonly index: number;
      readonly start: number;
      readonly by: number;
    };

export function DayTrack({ day, windows, before, onChange }: DayTrackProps) {
  const track = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null);

  const minuteAt = (event: React.PointerEvent): number => {
    const box = track.current?.getBoundingClientRect();
    if (box === undefined) return 0;
    const isMirrored = getComputedStyle(track.current as Element).direction === "rtl";
    const share = (isMirrored ? box.right - event.clientX : event.clientX - box.left) / box.width;
    const step = event.altKey ? FINE : STEP;
    return Math.min(Math.max(0, Math.round((share * DAY_MINUTES) / step) * step), DAY_MINUTES);
  };

  const applied = (index: number): Window => {
    const window = windows[index] as Window;
    if (drag === null || drag.kind === "draw" || drag.index !== index) return window;
    return drag.kind === "move" ? moved(window, drag.by) : resized(window, drag.by, STEP);
  };

  const onPointerDown = (event: React.PointerEvent) => {
    if (event.button !== 0) return;
    const part = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    const at = minuteAt(event);
    if (part === null) {
      setDrag({ kind: "draw", from: at, to: at });
    } else {
      const kind = (event.target as HTMLElement).dataset.end === undefined ? "move" : "resize";
      setDrag({ kind, index: Number(part.dataset.index), start: at, by: 0 });
    }
    track.current?.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: React.PointerEvent) => {
    if (drag === null) return;
    const at = minuteAt(event);
    setDrag(drag.kind === "draw" ? { ...drag, to: at } : { ...drag, by: at - drag.start });
  };
  const onPointerUp = () => {
    if (drag === null) return;
    if (drag.kind !== "draw") {
      const next = windows.map((_, index) => applied(index));
      if (drag.by !== 0) onChange(sorted(next));
    } else if (drag.from !== drag.to) {
      const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
      onChange(sorted([...windows, { from: timeOf(from), to: timeOf(to) }]));
    }
    setDrag(null);
  };

  const onKeyDown = (event: React.KeyboardEvent, index: number) => {
    const window = windows[index] as Window;
    const step = event.altKey ? FINE : STEP;
    const isMirrored = getComputedStyle(event.currentTarget).direction === "rtl";
    const [later, earlier] = isMirrored ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
    const by = event.key === later ? step : event.key === earlier ? -step : 0;
    if (event.key === "Delete" || event.key === "Backspace") {
      onChange(windows.filter((_, other) => other !== index));
    } else if (by !== 0) {
      const next = event.shiftKey ? resized(window, by, step) : moved(window, by);
      onChange(windows.map((one, other) => (other === index ? next : one)));
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div
      ref={track}
      className={classes.track}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => setDrag(null)}
    >
      {before.map((until) => (
        <span key={until} className={classes.night} style={span(0, until)} aria-hidden />
      ))}
      {windows.map((_, index) => {
        const window = applied(index);
        const [from, to] = onItsDay(window);
        return (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: a window has no other identity, and keeps its place
            key={index}
            type="button"
            data-index={index}
            className={classes.window}
            data-overnight={isOvernight(window)}
            style={span(from, to)}
            aria-label={t.hours.window(day, window.from, window.to)}
            onKeyDown={(event) => onKeyDown(event, index)}
          >
            <span className="one-line">
              {window.from}–{window.to}
            </span>
            <span className={classes.handle} data-end aria-hidden />
          </button>
        );
      })}
      {drag?.kind === "draw" && (
        <span
          className={classes.drawn}
          style={span(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to))}
        />
      )}
    </div>
  );
}

function span(from: number, to: number): React.CSSProperties {
  return {
    insetInlineStart: `${(100 * from) / DAY_MINUTES}%`,
    inlineSize: `${(100 * (to - from)) / DAY_MINUTES}%`,
  };
}
