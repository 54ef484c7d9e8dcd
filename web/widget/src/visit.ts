/**
 * Tells the server where this widget is shown and whether the page lets it have the microphone, so that
 * whoever runs it learns of a page where calls can't work. Apart from the widget: it may fail or be
 * blocked without any loss. It says nothing of the visitor.
 */

import type { WidgetConfig } from "@bellpush/protocol";
import { microphoneAllowedByPage } from "./microphone.ts";
import { embeddingOrigin } from "./parent.ts";

/** What is read of the window. */
export interface Place {
  /** The frame's name: the loader writes the page's path there. */
  readonly name: string;
  readonly referrer: string;
  readonly address: string;
  /** The origins of the pages around, the nearest first; null where the browser does not tell. */
  readonly ancestors: readonly string[] | null;
  readonly microphone: boolean | null;
}

export interface Visit {
  readonly appId: string;
  readonly key: string;
  readonly origin: string;
  readonly path: string | null;
  readonly microphone: boolean | null;
  readonly frames: number | null;
  readonly loader: boolean;
}

/** What there is to say; null in a page that shows no widget. */
export function visitOf(
  { appId, key, allowedOrigins }: Pick<WidgetConfig, "appId" | "key" | "allowedOrigins">,
  { name, referrer, address, ancestors, microphone }: Place,
): Visit | null {
  const surroundings = { ancestors: ancestors ?? [], referrer, address };
  const origin = embeddingOrigin(surroundings, allowedOrigins);
  if (origin === null) {
    return null;
  }
  const loader = name.startsWith("/");
  return {
    appId,
    key,
    origin,
    path: loader ? name : pathOf(referrer, origin),
    microphone,
    frames: ancestors?.length ?? null,
    loader,
  };
}

/** The path of the page, where its policy lets the browser tell more than its origin. */
function pathOf(referrer: string, origin: string): string | null {
  const path = referrer.startsWith(`${origin}/`) ? new URL(referrer).pathname : "/";
  return path === "/" ? null : path;
}

function report(): void {
  const config: WidgetConfig = JSON.parse(
    document.getElementById("bellpush-config")?.textContent ?? "null",
  );
  const visit = visitOf(config, {
    name: window.name,
    referrer: document.referrer,
    address: location.href,
    ancestors: "ancestorOrigins" in location ? [...location.ancestorOrigins] : null,
    microphone: microphoneAllowedByPage(),
  });
  if (visit !== null && window.parent !== window) {
    const body = new Blob([JSON.stringify(visit)], { type: "application/json" });
    navigator.sendBeacon("/v1/widget/visits", body);
  }
}

if (typeof document !== "undefined" && document.getElementById("bellpush-config") !== null) {
  // After everything that the visitor waits for.
  addEventListener("load", () => setTimeout(report, 1000));
}
