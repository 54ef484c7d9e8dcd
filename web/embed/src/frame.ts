/** The widget's iframe and the messages to and from it, and from no other window. */

import type {
  AskMessage,
  CloseMessage,
  Command,
  HandoverMessage,
  StateMessage,
  WidgetMessage,
} from "@bellpush/protocol";

export interface Frame {
  readonly element: HTMLIFrameElement;
  /** Loads the widget in this place: again if it is another one than before, or if nothing was said there. */
  load(place: Element, address: URL): void;
  /** Sends a command; before the widget is there, it waits. */
  send(command: Command): void;
  destroy(): void;
}

/** What the widget says: one of its messages. */
export type Said = Partial<
  WidgetMessage & StateMessage & AskMessage & CloseMessage & HandoverMessage
>;

export function createFrame(hear: (said: Said) => void): Frame {
  const element = document.createElement("iframe");
  const waiting: Command[] = [];
  let server = "";
  /** The window that has spoken. A frame that was taken out and put back has another one. */
  let ready: Window | null = null;

  function send(command: Command): void {
    if (ready && ready === element.contentWindow) {
      ready.postMessage({ source: "bellpush", version: 1, ...command }, server);
    } else {
      waiting.push(command);
    }
  }

  function receive({ source, origin, data }: MessageEvent<Said | null>): void {
    if (
      source &&
      source === element.contentWindow &&
      origin === server &&
      data?.source === "bellpush" &&
      data.version === 1
    ) {
      // The first that a widget says is that it has loaded.
      ready = source as Window;
      // What is said on hearing of it goes before what has waited.
      hear(data);
      waiting.splice(0).forEach(send);
    }
  }

  element.allow = "microphone; autoplay; clipboard-write; screen-wake-lock; speaker-selection";
  // What is not there yet is white in some browsers, whatever is behind it.
  element.style.cssText = "display:block;border:0;width:100%;height:100%;opacity:0";
  element.onload = () => {
    element.style.opacity = "";
    // What had the focus while it loaded has it by name alone in some browsers.
    if (element.matches(":focus")) {
      element.blur();
      element.focus();
    }
  };
  return {
    element,
    load(place, address) {
      // What is shown and has said nothing is an error's page, of browser or server.
      if (element.parentNode !== place || !(ready || element.style.opacity)) {
        server = address.origin;
        addEventListener("message", receive);
        element.name = location.pathname;
        element.src = address.href;
        place.append(element);
      }
    },
    send,
    destroy() {
      removeEventListener("message", receive);
      element.remove();
    },
  };
}
