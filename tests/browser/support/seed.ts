/** An app with something on every screen of Studio. */

import { expect, type Page } from "@playwright/test";

import { embeddingPage, type Host, startHost } from "./host.ts";
import type { Server } from "./server.ts";
import { startSink } from "./sink.ts";
import { until } from "./until.ts";

export interface Seed {
  readonly appId: string;
  readonly profileId: string;
  readonly trunkId: string;
  readonly integrationId: string;
  readonly failingId: string;
  readonly callId: string;
}

interface Named {
  readonly id: string;
}

/** What a text of other people may be: markup, long words, the other direction. */
export const PLAIN = {
  app: "Shop",
  order: "A-12345",
  comment: "Very helpful, thank you!",
  trunk: "Provider",
  integration: "CRM",
};

export const HOSTILE: typeof PLAIN = {
  app: `<img src=x onerror=alert(1)> "'\`{{7*7}}`,
  order: `<script>alert(2)</script>${"W".repeat(120)}`,
  comment: `</script><svg onload=alert(3)>\u202Egnirts desrever\u202C =cmd|'/C calc'!A0`,
  trunk: `<b onmouseover=alert(4)>${"x".repeat(60)}</b>`,
  integration: `javascript:alert(5)//<iframe srcdoc="<script>alert(6)</script>">`,
};

/** Makes it. The page places a real call from the host; the endpoints are addresses of the test's own. */
async function seed(
  server: Server,
  page: Page,
  host: Host,
  endpoints: { readonly answers: string; readonly fails: string },
  words: typeof PLAIN,
): Promise<Seed> {
  const { api } = server;
  const app = await api<Named>("POST", "/v1/apps", {
    name: words.app,
    allowedOrigins: ["https://shop.example", host.origin],
    survey: { questions: [{ id: "sound", label: words.comment }], commentLabel: words.comment },
    hours: {
      timeZone: "Europe/Berlin",
      // Open at any time, so that the call goes through whenever this runs.
      week: Object.fromEntries(
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].map((day) => [
          day,
          [{ from: "00:00", to: "18:00" }, { from: "18:00", to: "24:00" }],
        ]),
      ),
      exceptions: [{ date: "2026-12-24", until: "2026-12-26", label: words.comment.slice(0, 60) }],
    },
  });
  const at = `/v1/apps/${app.id}`;
  const { key } = await api<{ key: string }>("POST", `${at}/widget-keys`);
  const trunk = await api<Named>("POST", "/v1/trunks", {
    name: words.trunk,
    domain: "127.0.0.1",
    port: 9,
    username: "493012345",
    password: "secret",
    register: true,
  });
  const profiles = await api<{ items: Named[] }>("GET", `${at}/destinations`);
  const demo = profiles.items[0] as Named;
  const profile = await api<Named>("POST", `${at}/destinations`, {
    name: `${words.app} sales`,
    kind: "sip",
    trunkId: trunk.id,
    to: "100",
    isDefault: false,
    overflow: demo.id,
    callerName: "{form.name}",
    headers: { "X-Order": "{context.orderId}" },
    routingKeys: { vip: { user: "101" }, demo: { profile: demo.id } },
  });
  const events = ["widget_loaded", "call_started", "call_ended", "survey_submitted", "call_error"];
  const integration = await api<Named>("POST", `${at}/integrations`, {
    name: words.integration,
    url: `${endpoints.answers}?key={secret.hookKey}`,
    headers: { Authorization: "Bearer {secret.token}" },
    secrets: { hookKey: "a-key", token: "a-token" },
    events,
    payload: { preset: "slack" },
  });
  const failing = await api<Named>("POST", `${at}/integrations`, {
    name: `${words.integration} 2`,
    url: endpoints.fails,
    events,
  });
  await api("POST", `${at}/integrations/${integration.id}/signing-secret/rotate`, {});
  const callId = await placeCall(server, page, host, { appId: app.id, key, order: words.order });
  return {
    appId: app.id,
    profileId: profile.id,
    trunkId: trunk.id,
    integrationId: integration.id,
    failingId: failing.id,
    callId,
  };
}

interface CallOf {
  readonly appId: string;
  readonly key: string;
  readonly order: string;
}

/** A visitor's call to the demo, to its end. */
async function placeCall(server: Server, page: Page, host: Host, of: CallOf): Promise<string> {
  const query = new URLSearchParams({ key: of.key, orderId: of.order, origin: host.origin });
  host.html = embeddingPage(`${server.url}/w/${of.appId}?${query}`);
  await page.goto(host.origin);
  const widget = page.frameLocator("#widget");
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await widget.getByRole("button", { name: "Hang up" }).click();
  const call = await until("the call is over", async () => {
    type Calls = { items: { id: string; state: string }[] };
    const { items } = await server.api<Calls>("GET", `/v1/apps/${of.appId}/calls`);
    return items.find(({ state }) => state === "ended");
  });
  return call.id;
}

/** The same with endpoints of its own, one of which always fails. */
export async function seeded(server: Server, page: Page, words = PLAIN): Promise<Seed> {
  const [host, sink, broken] = await Promise.all([startHost(), startSink(), startHost()]);
  try {
    return await seed(server, page, host, { answers: sink.url, fails: `${broken.origin}/x` }, words);
  } finally {
    host.stop();
    sink.stop();
    broken.stop();
  }
}
