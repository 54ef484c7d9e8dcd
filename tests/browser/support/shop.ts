/** Everything a test needs: server, shop page, webhook receiver, and an app set up by the API. */

import { type Frame, type Page, test as base } from "@playwright/test";

import { embeddingPage, type Host, startHost } from "./host.ts";
import { HERE, type Place, type Server, startServer } from "./server.ts";
import { type Envelope, type Sink, startSink } from "./sink.ts";
import { until } from "./until.ts";

export const EVENT_NAMES = [
  "widget_loaded",
  "call_started",
  "call_ended",
  "call_error",
  "survey_submitted",
  "custom_button_clicked",
] as const;

export interface Message {
  readonly origin: string;
  readonly data: { source: string; version: number; id: string; event: Envelope };
}

export interface Shop {
  readonly server: Server;
  readonly host: Host;
  readonly sink: Sink;
  readonly appId: string;
  readonly key: string;
  /** The widget's address with its context. */
  readonly widgetUrl: (parameters?: Record<string, string>) => string;
  /** Changes the app's settings. */
  readonly change: (settings: Record<string, unknown>) => Promise<void>;
  /** Opens the shop's page and returns the widget's frame, ready for a tap. */
  readonly open: (page: Page, parameters?: Record<string, string>) => Promise<Frame>;
}

export const test = base.extend<
  { shop: Shop; place: Place; server: Server },
  { serverOptions: string[] }
>({
  serverOptions: [[], { option: true, scope: "worker" }],
  place: [HERE, { option: true }],
  server: async ({ serverOptions, place }, use) => {
    const server = await startServer(serverOptions, place);
    await use(server);
    await server.stop();
  },
  shop: async ({ server, place }, use, info) => {
    const host = await startHost(place.listen);
    const sink = await startSink();
    const app = await server.api<{ id: string }>("POST", "/v1/apps", {
      name: "Shop",
      allowedOrigins: [host.origin],
      survey: {
        questions: [
          { id: "sound", label: "How well did you hear us?" },
          { id: "help", label: "Did we help you?" },
        ],
        commentLabel: "Anything else?",
      },
      customButtons: [
        { label: "Copy the code", action: "copy", text: "A-12345", states: ["ended", "survey_submitted"] },
      ],
    });
    const key = await server.api<{ key: string }>("POST", `/v1/apps/${app.id}/widget-keys`);
    const integration = await server.api<{ signingSecret: string }>(
      "POST",
      `/v1/apps/${app.id}/integrations`,
      { name: "sink", url: sink.url, events: [...EVENT_NAMES, "heard", "probe", "callback_requested"] },
    );
    sink.secret = integration.signingSecret;
    const widgetUrl = (parameters: Record<string, string> = {}) => {
      const query = new URLSearchParams({
        key: key.key,
        orderId: "A-12345",
        customerTier: "gold",
        ...parameters,
      });
      return `${server.url}/w/${app.id}?${query}`;
    };
    const shop: Shop = {
      server,
      host,
      sink,
      appId: app.id,
      key: key.key,
      widgetUrl,
      change: async (settings) => {
        await server.api("PATCH", `/v1/apps/${app.id}`, settings);
      },
      open: async (page, parameters) => {
        host.html = embeddingPage(widgetUrl(parameters));
        await page.goto(host.origin);
        await messageNamed(page, "widget_loaded");
        return until("the widget's frame is there", () =>
          page.frames().find((frame) => frame.url().startsWith(`${server.url}/w/${app.id}?`)),
        );
      },
    };
    await use(shop);
    host.stop();
    sink.stop();
    if (info.status !== info.expectedStatus) {
      await info.attach("server log", { body: server.log(), contentType: "text/plain" });
      console.log(server.log().split("\n").slice(-40).join("\n"));
    }
  },
});

/** The events that the page was told so far, and what others have sent it. */
export function messages(page: Page): Promise<Message[]> {
  return page.evaluate(() =>
    (window as unknown as { messages: Message[] }).messages.filter(
      ({ data }) => !("state" in data || "handover" in data),
    ),
  );
}

/** What the page was told that the visitor sees, in turn. */
export interface SeenState {
  readonly name: string;
  readonly phase: string | null;
  readonly muted: boolean;
  readonly held: boolean;
  readonly seconds: number;
}

export function states(page: Page): Promise<SeenState[]> {
  return page.evaluate(() =>
    (window as unknown as { messages: { data: { state?: SeenState } }[] }).messages.flatMap(
      ({ data }) => data.state ?? [],
    ),
  );
}

/** Waits for an event at the parent page. */
export function messageNamed(page: Page, name: string, within?: number): Promise<Message> {
  return until(
    `the page is told of ${name}`,
    async () => (await messages(page)).find((message) => message.data.event?.name === name),
    within,
  );
}
