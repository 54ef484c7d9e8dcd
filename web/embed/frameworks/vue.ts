/** The widget for Vue 3: a component for a place in the page, a composable for the button. */

import {
  defineComponent,
  h,
  type MaybeRefOrGetter,
  onBeforeUnmount,
  onMounted,
  type PropType,
  type ShallowRef,
  shallowRef,
  toValue,
  watch,
} from "vue";
import { type Handle, type MountOptions, mount } from "../src/index.ts";
import {
  follow,
  identityOf,
  optionsOf,
  type WidgetListeners,
  type WidgetProps,
} from "./options.ts";

export type { WidgetListeners, WidgetProps } from "./options.ts";

/** A floating button for as long as the component is there; the handle is null until it is mounted. */
export function useBellpush(
  props: MaybeRefOrGetter<WidgetProps & WidgetListeners>,
): ShallowRef<Handle | null> {
  return useWidget(
    () => toValue(props),
    () => null,
  );
}

/** The widget in its place in the page. It emits `event` and `state`, and exposes its `handle`. */
export const Bellpush = defineComponent({
  name: "Bellpush",
  props: {
    app: { type: String, required: true },
    widgetKey: { type: String, required: true },
    host: { type: String, required: true },
    context: Object as PropType<MountOptions["context"]>,
    destination: String,
    session: [String, Function] as PropType<MountOptions["session"]>,
    lang: String,
    theme: String as PropType<MountOptions["theme"]>,
    onBeforeCall: Function as PropType<WidgetListeners["onBeforeCall"]>,
  },
  emits: ["event", "state"],
  setup(props, { emit, expose }) {
    const place = shallowRef<HTMLElement | null>(null);
    const handle = useWidget(
      () => ({
        ...(props as WidgetProps & WidgetListeners),
        onEvent: (event) => emit("event", event),
        onState: (state) => emit("state", state),
      }),
      () => place.value,
    );
    expose({ handle });
    return () => h("div", { ref: place });
  },
});

function useWidget(
  given: () => WidgetProps & WidgetListeners,
  place: () => Element | null,
): ShallowRef<Handle | null> {
  const handle = shallowRef<Handle | null>(null);
  /** What is given as of now: a page may change it in place, where nothing else would tell of it. */
  function read(): WidgetProps & WidgetListeners {
    const { context, ...props } = given();
    return context === undefined ? props : { ...props, context: { ...context } };
  }

  /** Brings the widget to what is read. */
  let keep: () => void = () => undefined;

  function begin(): void {
    const props = read();
    const options = optionsOf(props);
    const ask = () => {
      const { session } = read();
      return typeof session === "function" ? session() : (session ?? "");
    };
    const mounted = mount(
      place(),
      typeof props.session === "function" ? { ...options, session: ask } : options,
    );
    keep = follow(mounted, read);
    handle.value = mounted;
  }

  function end(): void {
    handle.value?.destroy();
    handle.value = null;
  }

  onMounted(begin);
  onBeforeUnmount(end);
  watch(read, (after, before) => {
    if (handle.value === null) {
      return;
    }
    if (identityOf(after) === identityOf(before)) {
      keep();
    } else {
      end();
      begin();
    }
  });
  return handle;
}
