/** What is loaded when it is first shown. Until then, and where it can't be loaded, nothing is. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { loadPart } from "../load.ts";

export interface LazyProps<T> {
  readonly load: () => Promise<T>;
  readonly render: (loaded: T) => JSX.Element;
}

export function Lazy<T>({ load, render }: LazyProps<T>) {
  const [loaded, setLoaded] = useState<{ readonly part: T } | null>(null);
  useEffect(() => {
    let wanted = true;
    loadPart(load).then(
      (part) => wanted && setLoaded({ part }),
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, []);
  return loaded === null ? null : render(loaded.part);
}
