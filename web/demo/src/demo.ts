/** The demo page: a widget in an iframe, as any page embeds it, and what it tells the page. */

import type { WidgetMessage } from "@bellpush/protocol";

interface DemoConfig {
  readonly appId: string;
  readonly key: string;
}

const CONTEXT = { orderId: "A-12345", customerTier: "gold" };
/** Events that are kept on the page. */
const MOST_SHOWN = 200;

function start(place: HTMLElement, list: HTMLElement, config: DemoConfig): void {
  const frame = document.createElement("iframe");
  const query = new URLSearchParams({
    key: config.key,
    ...CONTEXT,
    origin: location.origin,
  });
  frame.src = `/w/${encodeURIComponent(config.appId)}?${query}`;
  frame.allow = "microphone; autoplay; clipboard-write";
  frame.title = "Call";
  place.append(frame);

  let count = 0;
  addEventListener("message", ({ source, origin, data }: MessageEvent<WidgetMessage>) => {
    const ours = source === frame.contentWindow && origin === location.origin;
    if (!ours || data?.source !== "bellpush") {
      return;
    }
    count += 1;
    show("count", String(count));
    document.getElementById("empty")?.remove();
    list.prepend(card(data));
    while (list.childElementCount > MOST_SHOWN) {
      list.lastElementChild?.remove();
    }
  });
}

function card({ id, event }: WidgetMessage): HTMLElement {
  const item = element("li", `event event-${event.name}`);
  const head = element("div", "event-head");
  const time = element("time", "event-time", event.timestamp.slice(11, 23));
  time.setAttribute("datetime", event.timestamp);
  head.append(element("strong", "event-name", event.name), time);
  const body = element("pre", "event-data", JSON.stringify(event.data, null, 2));
  body.tabIndex = 0;
  item.append(head, element("code", "event-id", id), body);
  return item;
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function show(id: string, text: string): void {
  const place = document.getElementById(id);
  if (place !== null) {
    place.textContent = text;
  }
}

const place = document.getElementById("widget");
const list = document.getElementById("events");
const config = document.getElementById("bellpush-demo");
if (place !== null && list !== null && config !== null) {
  start(place, list, JSON.parse(config.textContent ?? ""));
}
