// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import { createApp, defineComponent, h, nextTick, reactive } from "vue";
import { Bellpush, useBellpush } from "../frameworks/vue.ts";
import type { Handle } from "./index.ts";

const GIVEN = { app: "app_1", widgetKey: "wk_1", host: "https://calls.example" };

/** What the widget is told while the page changes something in place. */
async function toldOf(
  setup: (options: { context: { orderId: string }; lang: string }) => {
    readonly handle: () => Handle | null;
    readonly render?: () => ReturnType<typeof h>;
  },
): Promise<unknown[]> {
  const options = reactive({ context: { orderId: "A" }, lang: "en" });
  let handle: () => Handle | null = () => null;
  const app = createApp(
    defineComponent(() => {
      const made = setup(options);
      handle = made.handle;
      return () => made.render?.();
    }),
  );
  app.mount(document.body.appendChild(document.createElement("div")));
  await nextTick();
  const mounted = handle() as Handle;
  const told: unknown[] = [];
  vi.spyOn(mounted, "setContext").mockImplementation((patch) => {
    told.push(patch);
    return { ok: true };
  });
  vi.spyOn(mounted, "setLanguage").mockImplementation((lang) => {
    told.push(lang);
    return { ok: true };
  });
  options.context.orderId = "B";
  options.lang = "de";
  await nextTick();
  app.unmount();
  return told;
}

describe("what a page changes in place is told", () => {
  it("by the composable", async () => {
    const told = await toldOf((options) => {
      const handle = useBellpush(Object.assign(options, GIVEN));
      return { handle: () => handle.value };
    });
    expect(told).toEqual([{ orderId: "B" }, "de"]);
  });

  it("by the component", async () => {
    let exposed: { readonly handle: Handle | null } | null = null;
    const told = await toldOf((options) => ({
      handle: () => exposed?.handle ?? null,
      render: () =>
        h(Bellpush, {
          ...GIVEN,
          context: options.context,
          lang: options.lang,
          ref: (one: unknown) => {
            exposed = one as typeof exposed;
          },
        }),
    }));
    expect(told).toEqual([{ orderId: "B" }, "de"]);
  });
});
