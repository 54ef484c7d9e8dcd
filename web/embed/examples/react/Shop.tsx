import { Bellpush, useBellpush } from "@bellpush/embed/react";
import { useState } from "react";

const app = { host: "https://calls.example.com", app: "app_…", widgetKey: "wk_…" };

/** A floating button on every page that has this component. */
function CallButton({ orderId }: { orderId: string }) {
  useBellpush({ ...app, context: { orderId }, label: "Talk to us" });
  return null;
}

export function Shop() {
  const [order, setOrder] = useState(1);
  const [inline, setInline] = useState(false);
  const [heard, setHeard] = useState<readonly string[]>([]);
  return (
    <main>
      <h1>Order A-{order}</h1>
      <button type="button" onClick={() => setOrder(order + 1)}>
        Next order
      </button>
      <button type="button" onClick={() => setInline(!inline)}>
        {inline ? "Use the floating button" : "Show the widget here"}
      </button>
      {inline ? (
        <Bellpush
          {...app}
          context={{ orderId: `A-${order}` }}
          onEvent={(event) => setHeard((before) => [...before, event.name])}
        />
      ) : (
        <CallButton orderId={`A-${order}`} />
      )}
      <p>{heard.join(", ")}</p>
    </main>
  );
}
