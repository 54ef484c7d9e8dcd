/**
 * All widgets of the page: found again, kept in their places when the page is replaced under them,
 * and set off by the page's own elements. Leaves no listener behind when the last widget is gone.
 */

import type { Entry, Handle } from "./handle.ts";
import { addressOf, type MountOptions } from "./options.ts";
import { complain, guard, whenReady } from "./say.ts";
import { type Asked, createWidget, IDLE, type Widget } from "./widget.ts";

/** An element, a selector of one that may come later, or null for a floating button. */
export type Place = Element | string | null;

interface Item {
  readonly place: Place;
  widget: Widget;
  /** Where an inline widget is at present. */
  element: Element | null;
  readonly entries: Set<Entry>;
}

/** A page that takes the button out as often as this is left alone. */
const MOST_RETURNS = 999;
const METHODS = "open close call hangup mute setContext setTheme setLanguage".split(
  " ",
) as (keyof Asked)[];

/** The loader and the package may both be in a page, and twice each: they share what is mounted. */
const shared = globalThis as { [key: symbol]: Set<Item> };
const REGISTRY = Symbol.for("bellpush");
shared[REGISTRY] ??= new Set();
const items: Set<Item> = shared[REGISTRY];
let observer: MutationObserver | undefined;
let returns = 0;

/** What there is at a place. With other options than before it is made anew, unless a call is going on. */
export function mountAt(place: Place, options: MountOptions): Handle {
  let item: Item | undefined;
  guard(() => {
    addressOf(options, location.origin);
    const target = typeof place === "string" ? document.querySelector(place) : place;
    if (target !== null && !(target instanceof Element)) {
      throw Error(`there is no element to mount in: ${place}`);
    }
    item = [...items].find(({ place: known, element, widget }) =>
      place
        ? known === place || (target && element === target)
        : !known && widget.options.app === options.app,
    );
    if (!item) {
      item = add(place, options);
    } else if (
      item.widget.state.name !== "calling" &&
      JSON.stringify(item.widget.options) !== JSON.stringify(options)
    ) {
      item.widget.destroy();
      item.widget = createWidget(options, item.entries, !place);
      settle(item);
    }
  });
  return createHandle(item);
}

/** The widget of an app, or the first one there is. */
export function handleOf(app?: string): Handle | null {
  const item = itemOf(app);
  return item ? createHandle(item) : null;
}

/** What the first widget there is was mounted with. */
export const firstOptions = () => itemOf()?.widget.options;

function itemOf(app?: string): Item | undefined {
  return [...items].find(({ widget }) => !app || widget.options.app === app);
}

function add(place: Place, options: MountOptions): Item {
  const entries = new Set<Entry>();
  const element = place instanceof Element ? place : null;
  const widget = createWidget(options, entries, !place);
  const item: Item = { place, element, widget, entries };
  items.add(item);
  whenReady(() => {
    settle(item);
    observe();
  });
  return item;
}

function drop(item: Item): void {
  if (items.delete(item)) {
    item.entries.clear();
    guard(item.widget.destroy);
    observe();
  }
}

/** Brings a widget to where it belongs in the page as it is now. */
function settle(item: Item): void {
  if (typeof item.place === "string") {
    item.element = document.querySelector(item.place) ?? item.element;
  }
  if (items.has(item)) {
    item.widget.settle(item.element);
  }
}

/** Watches the page for what takes a widget out, and for the places of those that have none yet. */
function observe(): void {
  observer?.disconnect();
  const change = items.size ? "addEventListener" : "removeEventListener";
  document[change]("click", pull, true);
  if (items.size) {
    const root = document.documentElement;
    const subtree = [...items].some(({ place }) => typeof place === "string");
    observer = new MutationObserver(() => {
      for (const item of items) {
        if (item.widget.isLost() && returns < MOST_RETURNS) {
          returns += item.place ? 0 : 1;
          guard(() => settle(item));
        }
      }
      if (!root.isConnected) {
        observe();
      }
    });
    for (const node of [document, root]) {
      observer.observe(node, { childList: true, subtree });
    }
  }
}

/** The visitor presses an element of the page that may be there to set a widget off. */
function pull(event: Event): void {
  // Also from within shadow trees.
  const path = event.composedPath() as HTMLElement[];
  const trigger = path.find(({ dataset }) => dataset?.bellpush);
  const item = trigger && itemOf(trigger.dataset.bellpushApp);
  for (const method of METHODS) {
    if (item && method === trigger.dataset.bellpush) {
      if (trigger.localName === "a") {
        event.preventDefault();
      }
      guard(() => item.widget[method](undefined as never));
    }
  }
}

function createHandle(item: Item | undefined): Handle {
  const on = (name: string, known: Entry["handler"], once?: boolean) => {
    const stop = () => void item?.entries.delete(entry);
    const entry: Entry = {
      name,
      known,
      handler(event) {
        if (once) {
          stop();
        }
        return known(event);
      },
    };
    item?.entries.add(entry);
    item?.widget.attend();
    return stop;
  };
  const handle = {
    on,
    once: (name: string, handler: Entry["handler"]) => on(name, handler, true),
    off(name: string, handler: unknown) {
      for (const entry of item?.entries ?? []) {
        if (entry.name === name && entry.known === handler) {
          item?.entries.delete(entry);
        }
      }
    },
    get state() {
      return item?.widget.state ?? IDLE;
    },
    destroy() {
      if (item) {
        drop(item);
      }
    },
  } as Handle;
  for (const name of METHODS) {
    (handle as unknown as Record<string, unknown>)[name] = (value: never) => {
      try {
        if (!item || !items.has(item)) {
          throw Error(`${name} does nothing: the widget is not mounted`);
        }
        return item.widget[name](value);
      } catch (error) {
        complain(error);
        return { ok: false, reason: (error as Error).message };
      }
    };
  }
  return handle;
}
