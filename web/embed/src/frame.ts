/** The widget's iframe and the messages to and from it, and from no other window. */

import type { COMMANDS, CommandMessage, WidgetMessage } from "@bellpush/protocol";

type Command = (typeof COMMANDS)[number];

export interface Frame {
  readonly element: HTMLIFrameElement;
  /** Sends a command; before the widget is there, it waits. */
  command(command: Command): void;
  destroy(): void;
}

export function createFrame(address: string, onEvent: (message: WidgetMessage) => void): Frame {
  const element = document.createElement("iframe");
  element.src = address;
  element.title = "Call";
  element.allow = "microphone; autoplay; clipboard-write";
  const server = new URL(address).origin;
  let early: Command[] | null = [];

  function post(command: Command): void {
    const message: CommandMessage = { source: "bellpush", version: 1, command };
    element.contentWindow?.postMessage(message, server);
  }

  function receive(message: MessageEvent): void {
    if (message.source !== element.contentWindow || message.origin !== server) {
      return;
    }
    const data: unknown = message.data;
    if (!isWidgetMessage(data)) {
      return;
    }
    if (data.event.name === "widget_loaded") {
      early?.forEach(post);
      early = null;
    }
    onEvent(data);
  }

  addEventListener("message", receive);
  return {
    element,
    command: (command) => (early === null ? post(command) : early.push(command)),
    destroy() {
      removeEventListener("message", receive);
      element.remove();
    },
  };
}

function isWidgetMessage(data: unknown): data is WidgetMessage {
  const message = data as Partial<WidgetMessage> | null;
  return (
    message?.source === "bellpush" &&
    message.version === 1 &&
    typeof message.id === "string" &&
    typeof message.event?.name === "string"
  );
}
