/** An app with something on every screen of Studio. */

import { expect, type Page } from "@playwright/test";

import { design, publish } from "./design.ts";
import { embeddingPage, type Host, startHost } from "./host.ts";
import type { Server } from "./server.ts";
import { startSink } from "./sink.ts";
import { startTelephone, type Telephone } from "./telephone.ts";
import { until } from "./until.ts";

export interface Seed {
  readonly appId: string;
  readonly profileId: string;
  readonly trunkId: string;
  readonly integrationId: string;
  readonly failingId: string;
  readonly ruleId: string;
  readonly callId: string;
}

interface Named {
  readonly id: string;
}

export const PLAIN = {
  app: "Shop",
  order: "A-12345",
  comment: "Very helpful, thank you!",
  trunk: "Provider",
  integration: "CRM",
  visitor: "Ann Visitor",
  telephone: "Desk phone 1.0",
  declines: "486 Busy Here",
};

/** What a text of other people may be: markup, long words, the other direction. */
export const HOSTILE: typeof PLAIN = {
  app: `<img src=x onerror=alert(1)> "'\`{{7*7}}`,
  order: `<script>alert(2)</script>${"W".repeat(120)}`,
  comment: `</script><svg onload=alert(3)>\u202Egnirts desrever\u202C =cmd|'/C calc'!A0`,
  trunk: `<b onmouseover=alert(4)>${"x".repeat(60)}</b>`,
  integration: `javascript:alert(5)//<iframe srcdoc="<script>alert(6)</script>">`,
  visitor: `"><img src=x onerror=alert(7)> ${"y".repeat(60)}`,
  telephone: `<svg onload=alert(8)> \u202Ephone ${"z".repeat(200)}`,
  declines: `486 <iframe srcdoc="<script>alert(9)</script>"> ${"v".repeat(120)}`,
};

/**
 * Makes it. The page places a real call from the host; the endpoints are addresses of the test's own. The
 * last of the telephones is called first, and the others where that doesn't take it.
 */
async function seed(
  server: Server,
  page: Page,
  host: Host,
  telephones: readonly Telephone[],
  endpoints: { readonly answers: string; readonly fails: string },
  words: typeof PLAIN,
): Promise<Seed> {
  const { api } = server;
  const app = await api<Named>("POST", "/v1/apps", {
    name: words.app,
    allowedOrigins: ["https://shop.example", host.origin],
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
  const rule = await api<Named>("POST", `${at}/alert-rules`, {
    name: `${words.app} errors`,
    kind: "call_errors",
    emails: ["ada@example.com"],
    quietHours: { from: "22:00", to: "07:00" },
  });
  alertsOf(server, app.id, rule.id, words.app);
  await api("POST", `${at}/integrations/${integration.id}/signing-secret/rotate`, {});
  await publish({ server, appId: app.id }, designOf(words));
  const desk = await telephones.reduce<Promise<string | null>>(async (overflow, { port }, index) => {
    const by = await api<Named>("POST", "/v1/trunks", {
      name: `${words.trunk} ${index + 2}`,
      domain: "127.0.0.1",
      port,
    });
    await until("the telephone answers", async () => {
      type Status = { healthy?: boolean | null } | null;
      const { status } = await api<{ status?: Status }>("GET", `/v1/trunks/${by.id}`);
      return status?.healthy === true;
    });
    const made = await api<Named>("POST", `${at}/destinations`, {
      name: `${words.app} desk ${index}`,
      kind: "sip",
      trunkId: by.id,
      to: "desk",
      isDefault: false,
      overflow: await overflow,
      callerName: "{form.name}",
      headers: { "X-Order": "{context.orderId}" },
    });
    return made.id;
  }, Promise.resolve(null));
  const of = { appId: app.id, key, destination: desk ?? "", words };
  const callId = await placeCall(server, page, host, of);
  return {
    appId: app.id,
    profileId: profile.id,
    trunkId: trunk.id,
    integrationId: integration.id,
    failingId: failing.id,
    ruleId: rule.id,
    callId,
  };
}

/** Alerts as hours of trouble would leave them: one that is over, and one that goes on. */
function alertsOf(server: Server, appId: string, ruleId: string, name: string) {
  const quoted = `'${name.replaceAll("'", "''")}'`;
  const now = Date.now();
  const rows = [
    [1, now - 7_200_000, now - 3_600_000, "'recovered'", 41.5],
    [2, now - 900_000, "NULL", "NULL", 88],
  ] as const;
  for (const [number, firedAt, endedAt, endedBy, worst] of rows) {
    const id = `alert_${now.toString(16).padStart(12, "0")}7000800000000000000${number}`;
    server.sql(
      `INSERT INTO alerts (id, app_id, rule_id, rule_name, kind, fired_at, ended_at, ended_by, value, worst, sample)
       VALUES ('${id}', '${appId}', '${ruleId}', ${quoted}, 'call_errors', ${firedAt}, ${endedAt}, ${endedBy}, 25, ${worst}, 40)`,
    );
  }
}

/** A form before the call and a survey after it. */
function designOf(words: typeof PLAIN) {
  const name = { name: "name", kind: "text", label: { en: "Your name" }, maxLength: 100 };
  return design({
    idle: [
      { type: "heading", text: "idle.title" },
      { type: "form", fields: [name] },
      { type: "call", label: "idle.call" },
    ],
    survey: [
      {
        type: "survey",
        style: "stars",
        questions: [{ id: "sound", label: { en: words.comment } }],
        comment: { label: { en: "Anything else?" } },
      },
    ],
  });
}

interface CallOf {
  readonly appId: string;
  readonly key: string;
  readonly destination: string;
  readonly words: typeof PLAIN;
}

/** A visitor's call to a telephone, until how it sounded was measured, and what they say of it. */
async function placeCall(
  server: Server,
  page: Page,
  host: Host,
  { appId, key, destination, words }: CallOf,
): Promise<string> {
  const of = { key, destination, orderId: words.order, origin: host.origin };
  host.html = embeddingPage(`${server.url}/w/${appId}?${new URLSearchParams(of)}`);
  await page.goto(host.origin);
  const widget = page.frameLocator("#widget");
  await widget.getByRole("textbox", { name: "Your name" }).fill(words.visitor);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  const calls = `/v1/apps/${appId}/calls`;
  const { items } = await server.api<{ items: Named[] }>("GET", calls);
  const id = items[0]?.id ?? "";
  await until("how it sounds was measured", async () => {
    type Timeline = { quality: unknown[] };
    const { quality } = await server.api<Timeline>("GET", `${calls}/${id}/timeline`);
    return quality.length > 0;
  });
  await widget.getByRole("button", { name: "Hang up" }).click();
  await widget.getByRole("radio", { name: "4 of 5" }).check({ force: true });
  await widget.getByRole("textbox", { name: "Anything else?" }).fill(words.comment);
  await widget.getByRole("button", { name: "Send" }).click();
  await until("the call is over, and its survey there", async () => {
    const call = await server.api<{ state: string; survey: unknown }>("GET", `${calls}/${id}`);
    return call.state === "ended" && call.survey != null;
  });
  return id;
}

/** The same with endpoints of its own, one of which always fails. */
export async function seeded(server: Server, page: Page, words = PLAIN): Promise<Seed> {
  const voice = { says: 440, hears: 1_000, name: words.telephone };
  const [host, sink, broken, ...telephones] = await Promise.all([
    startHost(),
    startSink(),
    startHost(),
    startTelephone(voice),
    startTelephone({ ...voice, declines: words.declines }),
  ]);
  const endpoints = { answers: sink.url, fails: `${broken.origin}/x` };
  try {
    return await seed(server, page, host, telephones, endpoints, words);
  } finally {
    for (const telephone of telephones) telephone.stop();
    host.stop();
    sink.stop();
    broken.stop();
  }
}
