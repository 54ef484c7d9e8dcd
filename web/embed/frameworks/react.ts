/** The widget for React 18 and later: a component for a place in the page, a hook for the button. */

import {
  type CSSProperties,
  createElement,
  type ReactElement,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from "react";
import { type Handle, mount } from "../src/index.ts";
import {
  follow,
  identityOf,
  optionsOf,
  type WidgetListeners,
  type WidgetProps,
} from "./options.ts";

export type { WidgetListeners, WidgetProps } from "./options.ts";

export interface BellpushProps extends WidgetProps, WidgetListeners {
  readonly className?: string;
  readonly style?: CSSProperties;
  /** Gets the handle once the widget is mounted, and null when it is gone. */
  readonly onHandle?: (handle: Handle | null) => void;
}

/** The widget in its place in the page. */
export function Bellpush(props: BellpushProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const handle = useWidget(props, place);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  // What the page's function returns is nothing of React's.
  useEffect(() => {
    if (handle === null) {
      return;
    }
    latest.current.onHandle?.(handle);
    return () => {
      latest.current.onHandle?.(null);
    };
  }, [handle]);
  return createElement("div", { ref: place, className: props.className, style: props.style });
}

/** A floating button for as long as the component is there; null until it is mounted. */
export function useBellpush(props: WidgetProps & WidgetListeners): Handle | null {
  return useWidget(props, null);
}

function useWidget(
  props: WidgetProps & WidgetListeners,
  place: RefObject<HTMLDivElement | null> | null,
): Handle | null {
  const [handle, setHandle] = useState<Handle | null>(null);
  const latest = useRef(props);
  /** Brings the widget to the latest. */
  const keep = useRef<(() => void) | null>(null);
  const identity = identityOf(props);

  useEffect(() => {
    latest.current = props;
  });

  // The identity stands for the options.
  useEffect(() => {
    const { session } = latest.current;
    const options = optionsOf(latest.current);
    const ask = () => {
      const now = latest.current.session;
      return typeof now === "function" ? now() : (now ?? "");
    };
    const mounted = mount(
      place === null ? null : (place.current as Element),
      typeof session === "function" ? { ...options, session: ask } : options,
    );
    keep.current = follow(mounted, () => latest.current);
    setHandle(mounted);
    return () => {
      keep.current = null;
      mounted.destroy();
      setHandle(null);
    };
  }, [identity]);

  useEffect(() => keep.current?.());

  return handle;
}
