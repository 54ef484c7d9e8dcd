/** Keys of the screen: `?` for help, and `g` with a letter to go somewhere. */

import { useEffect, useRef } from "react";

/** How long `g` waits for its letter. */
const PATIENCE_MS = 1_200;

/** Whether a key press belongs to what is being typed. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return (
    event.isComposing ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    (target instanceof HTMLElement &&
      (target.isContentEditable ||
        target.closest("input, textarea, select, [role='dialog']") !== null))
  );
}

/** Calls `onKey` with `?`, or with `g` and a letter, such as `gc`. It says whether it took it. */
export function useKeys(isOn: boolean, onKey: (keys: string) => boolean): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    if (!isOn) return;
    let goSince = Number.NEGATIVE_INFINITY;
    const listen = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      const isSecond = performance.now() - goSince < PATIENCE_MS;
      goSince = event.key === "g" && !isSecond ? performance.now() : Number.NEGATIVE_INFINITY;
      const keys = isSecond ? `g${event.key}` : event.key;
      if (keys !== "g" && latest.current(keys)) event.preventDefault();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [isOn]);
}
