/** Visits without a browser: what widgets of several browsers would send. */

import type { Server } from "./server.ts";

export const AGENTS = {
  Chrome:
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  Firefox: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
} as const;

export interface Visits {
  readonly appId: string;
  readonly key: string;
  readonly browser: keyof typeof AGENTS;
  readonly language: string;
  /** How many load the widget, and how many of these are refused their microphone. */
  readonly loads: number;
  readonly denied: number;
}

/** Has so many visitors come. */
export async function visit(server: Server, visits: Visits): Promise<void> {
  const { appId, key, browser, language, loads, denied } = visits;
  const send = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": AGENTS[browser],
        "accept-language": language,
      },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const context = {};
  const { token } = (await send("/v1/widget/sessions", {
    appId,
    key,
    origin: "https://shop.example",
    context,
  })) as { token: string };
  const event = (name: string, data: object) => ({
    id: uuidV7(),
    event: { name, data: { ...data, context }, timestamp: new Date().toISOString() },
  });
  const events = [
    ...Array.from({ length: loads }, () => event("widget_loaded", { isPreview: false })),
    ...Array.from({ length: denied }, () =>
      event("call_error", {
        errorCode: "microphone_denied",
        errorMessage: "The microphone is not allowed. Allow it in the address bar, then try again.",
      }),
    ),
  ];
  for (let at = 0; at < events.length; at += 20) {
    await send("/v1/widget/events", { token, events: events.slice(at, at + 20) });
  }
}

/** As widgets make them: 48 bits of time, the version, and chance. */
function uuidV7(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** One event of a visitor. */
export async function widgetLoaded({ url, api }: Server, appId: string): Promise<void> {
  const body = { appId, origin: "https://shop.example", context: {} };
  const { token } = await api<{ token: string }>("POST", "/v1/sessions", body);
  const timestamp = new Date().toISOString();
  const event = { name: "widget_loaded", data: { isPreview: false, context: {} }, timestamp };
  const answer = await fetch(`${url}/v1/widget/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ events: [{ id: uuidV7(), event }] }),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
}
