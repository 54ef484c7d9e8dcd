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
  identityOf,
  listen,
  optionsOf,
  update,
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
  const { onHandle } = props;
  useEffect(() => onHandle?.(handle), [handle, onHandle]);
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
  /** What the widget was told last. */
  const told = useRef(props);
  const identity = identityOf(props);

  useEffect(() => {
    latest.current = props;
  });

  // The identity stands for the options.
  useEffect(() => {
    told.current = latest.current;
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
    listen(mounted, () => latest.current);
    setHandle(mounted);
    return () => {
      mounted.destroy();
      setHandle(null);
    };
  }, [identity]);

  useEffect(() => {
    if (handle !== null) {
      update(handle, told.current, props);
      told.current = props;
    }
  });

  return handle;
}
