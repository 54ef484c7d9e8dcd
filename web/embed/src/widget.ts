/** One widget in the page: its button or place, its frame, and what its handles ask of it. */

import type { AskSubject, Command, ContextPatch, Theme, WidgetState } from "@bellpush/protocol";
import { createFrame, type Said } from "./frame.ts";
import type { Entry, Handle, Outcome } from "./handle.ts";
import { createLauncher } from "./launcher.ts";
import { addressOf, type MountOptions, patched } from "./options.ts";
import { complain, guard, more } from "./say.ts";

/** How long a hang-up may take before the frame is taken out with the call in it. */
const FAREWELL_MS = 2000;
/** A page whose `load` does not come gets the widget all the same. */
const LOAD_MS = 4000;

/** What a handle can ask for; what can't be done is thrown. */
export type Asked = Omit<Handle, "on" | "off" | "once" | "state" | "destroy">;

export interface Widget extends Asked {
  readonly options: MountOptions;
  readonly state: WidgetState;
  /** Says anew which questions the page answers. */
  attend(): void;
  /** Takes up its place in the page, in another element if that is given. */
  settle(element: Element | null): void;
  isLost(): boolean;
  destroy(): void;
}

export const IDLE: WidgetState = {
  name: "idle",
  phase: null,
  muted: false,
  held: false,
  seconds: 0,
};

export function createWidget(
  options: MountOptions,
  entries: Set<Entry>,
  floating: boolean,
): Widget {
  const frame = createFrame(hear);
  const { send } = frame;
  let place: Element | null = null;
  let state = IDLE;
  let opened = false;
  let destroyed = false;
  /** What had the focus before the panel took it. */
  let focused: HTMLElement | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const launcher = floating
    ? createLauncher(options, warm, () => guard(opened ? close : open))
    : undefined;

  function isBusy(): boolean {
    return state.name === "calling";
  }

  function tell(name: string, event: unknown): void {
    for (const entry of [...entries]) {
      if (entry.name === name) {
        guard(() => entry.handler(event));
      }
    }
  }

  /** Browsers may keep nothing for a frame of another site: the page keeps what goes to its next one. */
  function keep(handover?: string): string {
    try {
      sessionStorage[options.app] = handover ?? sessionStorage[options.app] ?? "";
      return sessionStorage[options.app];
    } catch {
      return "";
    }
  }

  /** Gives the frame what it needs to go on with the call of the page before. */
  function resume(): void {
    const handover = keep();
    if (handover) {
      send({ command: "resume", handover });
      keep("");
    }
  }

  /** The page is back from the browser's cache, as it was before the visitor called from the next one. */
  function comeBack({ persisted }: PageTransitionEvent): void {
    if (persisted && keep()) {
      open();
      // A frame that had a call itself loads anew, and is given it then.
      if (!isBusy()) {
        resume();
      }
    }
  }

  function hear({ id, event, state: next, ask, close: closing, handover }: Said): void {
    if (event) {
      const seen = { id, ...event };
      if (event.name === "widget_loaded") {
        attend();
        resume();
      }
      tell(event.name, seen);
      tell("*", seen);
    } else if (next) {
      state = next;
      tell("state", state);
      if (destroyed && !isBusy()) {
        remove();
      }
    } else if (ask) {
      more()
        .then((part) => part.answer(ask, options, entries))
        .then(send)
        .catch((error) => {
          complain(error);
          // What the page would answer is not known: no call is made.
          send({ command: "hangup" });
        });
    } else if (closing) {
      close();
    } else {
      keep(handover ?? "");
    }
  }

  /** Puts the frame where it belongs, unless it is there. */
  function load(): void {
    const target = launcher?.panel ?? place;
    if (target && !destroyed) {
      guard(() => frame.load(target, addressOf(options, location.origin)));
    }
  }

  function warm(): void {
    if (document.readyState === "complete") {
      load();
    } else {
      // A frame would delay the page's own `load`, however it is brought in.
      addEventListener("load", load);
      timer ??= setTimeout(load, LOAD_MS);
    }
  }

  function open(): void {
    warm();
    if (launcher && !opened) {
      focused = document.activeElement as HTMLElement | null;
      show(true);
      frame.element.focus();
    }
    send({ command: "open" });
  }

  function close(): void {
    if (launcher && opened) {
      show(false);
      // Where there is nothing to give the focus back to, the button has it.
      launcher.button.focus();
      focused?.focus();
      send({ command: "close" });
    }
  }

  function show(open: boolean): void {
    opened = open;
    launcher?.draw(open);
    const change = open ? "addEventListener" : "removeEventListener";
    document[change]("keydown", onKey as EventListener);
    visualViewport?.[change]("resize", onViewport);
    onViewport();
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && !event.defaultPrevented) {
      close();
    }
  }

  /** An on-screen keyboard covers the page and does not tell it: only the visual viewport shrinks. */
  function onViewport(): void {
    const { height, scale, offsetTop } = visualViewport as VisualViewport;
    const covered = Math.max(0, innerHeight - height * scale - offsetTop);
    launcher?.host.style.setProperty("--k", `${covered}px`);
  }

  function attend(): void {
    // The widget picks what are questions among the names.
    const subjects = [...entries].map(({ name }) => name);
    if (typeof options.session === "function") {
      subjects.push("session");
    }
    send({ command: "attend", subjects: subjects as AskSubject[] });
  }

  /** Gives button and frame the scheme and the name that fit the options. */
  function dress(): void {
    const { theme, lang = navigator.language, label } = options;
    // Where the schemes of frame and content differ, browsers paint a box behind the content.
    style("color-scheme", theme && theme !== "auto" ? theme : "light dark");
    const give = (name = "Call us") => {
      for (const part of [launcher?.panel, launcher?.button, frame.element]) {
        if (part) {
          part.ariaLabel = label ?? name;
        }
      }
    };
    const [language = ""] = lang.split("-");
    give();
    if (language !== "en") {
      more().then(
        ({ names }) => give(names[language]),
        () => {
          // It keeps the English one.
        },
      );
    }
  }

  /** Takes another choice of the page over, here and in the frame. */
  function choose(choice: Partial<MountOptions>, command: Command): void {
    options = { ...options, ...choice };
    dress();
    send(command);
  }

  function style(property: string, value: string): void {
    for (const part of [launcher?.host, frame.element]) {
      part?.style.setProperty(property, value, "important");
    }
  }

  function settle(element: Element | null): void {
    if (launcher && !launcher.host.isConnected) {
      document.documentElement.append(launcher.host);
      launcher.host.popover && launcher.host.showPopover();
    }
    place = element;
    if (place) {
      warm();
    }
    if (keep()) {
      open();
    }
  }

  function remove(): void {
    destroyed = true;
    clearTimeout(timer);
    removeEventListener("load", load);
    removeEventListener("pageshow", comeBack);
    frame.destroy();
    launcher?.host.remove();
  }

  addEventListener("pageshow", comeBack);
  launcher?.draw(false);
  if (!floating) {
    frame.element.style.minHeight = "520px";
  }
  dress();
  return {
    get options() {
      return options;
    },
    get state() {
      return state;
    },
    open,
    close,
    call() {
      open();
      send({ command: "call" });
    },
    hangup: () => send({ command: "hangup" }),
    mute: (muted = true) => send({ command: "mute", muted }),
    setContext(patch: ContextPatch): Outcome {
      const context = patched(options.context, patch);
      addressOf({ ...options, context }, "");
      if (isBusy()) {
        throw Error("a call is going on");
      }
      choose({ context }, { command: "context", patch });
      return { ok: true };
    },
    setTheme: (theme: Theme) => choose({ theme }, { command: "theme", theme }),
    setLanguage: (lang: string) => choose({ lang }, { command: "language", language: lang }),
    attend,
    isLost: () => !(launcher?.host ?? place)?.isConnected,
    settle,
    destroy() {
      close();
      if (isBusy()) {
        // The frame hangs up by itself: taken out at once it would leave the call to the next page.
        destroyed = true;
        send({ command: "hangup" });
        style("display", "none");
        timer = setTimeout(remove, FAREWELL_MS);
      } else {
        remove();
      }
    },
  };
}
