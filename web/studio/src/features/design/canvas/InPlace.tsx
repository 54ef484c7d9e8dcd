/** A field over the text that was tapped on the canvas. */

import type { Picked } from "@bellpush/protocol";
import { useEffect, useRef } from "react";

import { t } from "../../../texts/index.ts";
import classes from "./canvas.module.css";

interface InPlaceProps {
  readonly picked: Picked;
  readonly language: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onClose: () => void;
}

export function InPlace({ picked, language, value, onChange, onClose }: InPlaceProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const { box } = picked;
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: grows with what is written
  useEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.blockSize = "auto";
    element.style.blockSize = `${Math.max(element.scrollHeight, box.height)}px`;
  }, [value]);
  const width = Math.max(box.width + 24, 180);
  return (
    <textarea
      ref={field}
      className={classes.inPlace}
      aria-label={t.design.canvas.editing}
      dir="auto"
      lang={language}
      rows={1}
      value={value}
      style={{
        // The frame has no direction of Studio's: its places are counted from the left.
        left: Math.max(4, box.x + box.width / 2 - width / 2),
        top: Math.max(4, box.y - 8),
        width,
        font: picked.font,
        textAlign: picked.align as "start",
      }}
      onChange={(event) => onChange(event.currentTarget.value)}
      onBlur={onClose}
      onKeyDown={(event) => {
        const ends = event.key === "Escape" || (event.key === "Enter" && !event.shiftKey);
        if (ends && !event.nativeEvent.isComposing) {
          event.preventDefault();
          event.stopPropagation();
          onClose();
        }
      }}
    />
  );
}
