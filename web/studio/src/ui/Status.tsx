/** A state in a word, with a mark whose shape differs by severity: colour alone says nothing. */

import type { ReactNode } from "react";

import classes from "./ui.module.css";

export type Tone = "good" | "warn" | "bad" | "none";

export function Status({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={classes.dot} data-tone={tone}>
      {children}
    </span>
  );
}
