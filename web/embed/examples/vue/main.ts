import { Bellpush, useBellpush } from "@bellpush/embed/vue";
import { createApp, defineComponent, h, ref } from "vue";

const app = { host: "https://calls.example.com", app: "app_…", widgetKey: "wk_…" };

/** A floating button on every page that has this component. */
const CallButton = defineComponent({
  props: { orderId: { type: String, required: true } },
  setup(props) {
    useBellpush(() => ({ ...app, context: { orderId: props.orderId }, label: "Talk to us" }));
    return () => null;
  },
});

const Shop = defineComponent(() => {
  const order = ref(1);
  const inline = ref(false);
  const heard = ref<string[]>([]);
  return () =>
    h("main", [
      h("h1", `Order A-${order.value}`),
      h("button", { onClick: () => (order.value += 1) }, "Next order"),
      h(
        "button",
        { onClick: () => (inline.value = !inline.value) },
        inline.value ? "Use the floating button" : "Show the widget here",
      ),
      inline.value
        ? h(Bellpush, {
            ...app,
            context: { orderId: `A-${order.value}` },
            onEvent: (event: { name: string }) => heard.value.push(event.name),
          })
        : h(CallButton, { orderId: `A-${order.value}` }),
      h("p", heard.value.join(", ")),
    ]);
});

createApp(Shop).mount("#root");
