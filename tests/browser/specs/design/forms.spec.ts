/** Forms and consent before a call: from what is written to the call's record and the INVITE. */

import { createSocket } from "node:dgram";
import { once } from "node:events";

import { expect, type Page } from "@playwright/test";

import { violations } from "../../support/axe.ts";
import { type Block, design, publish, watchPolicies } from "../../support/design.ts";
import { freePort } from "../../support/ports.ts";
import { messageNamed, messages, type Shop, states, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

const NAME: Block = {
  type: "form",
  fields: [
    { name: "name", kind: "text", label: { en: "Your name" }, required: true, maxLength: 20 },
    { name: "email", kind: "email", label: { en: "E-mail" }, hint: { en: "For the summary." } },
    {
      name: "topic",
      kind: "select",
      label: { en: "Topic" },
      options: [{ value: "order", label: { en: "An order" } }],
    },
    { name: "news", kind: "checkbox", label: { en: "Keep me posted" } },
  ],
};
const CONSENT: Block = {
  type: "consent",
  version: "2026-11",
  mode: "accept",
  text: {
    en: [
      { text: "I have read the " },
      { text: "privacy notice", href: "https://shop.example/privacy" },
      { text: "." },
    ],
  },
};
const TITLE: Block = { type: "heading", text: "idle.title" };
const CALL: Block = { type: "call", label: "idle.call" };

const FORM = design({
  idle: [TITLE, NAME, CONSENT, CALL],
  survey: [
    TITLE,
    {
      type: "survey",
      style: "stars",
      questions: [{ id: "own", label: { en: "How was it?" } }],
    },
  ],
});

interface Call {
  readonly formValues?: Record<string, string>;
  readonly consent?: Record<string, unknown>;
}

async function recordOf(page: Page, shop: Shop): Promise<Call> {
  await messageNamed(page, "call_started");
  const calls = `/v1/apps/${shop.appId}/calls`;
  const { items } = await shop.server.api<{ items: readonly { readonly id: string }[] }>("GET", calls);
  return shop.server.api<Call>("GET", `${calls}/${items[0]?.id}`);
}

test("a form that could not be loaded is asked for again at the tap", async ({ page, shop }) => {
  await publish(shop, FORM);
  let blocked = true;
  await page.route(/\/assets\/extras-.*\.js/, (route) => (blocked ? route.abort() : route.continue()));
  const widget = await shop.open(page);
  const name = widget.getByRole("textbox", { name: "Your name" });
  await expect(name).toHaveCount(0);
  blocked = false;
  const call = widget.getByRole("button", { name: "Call now" });
  await call.click();
  await expect(name).toBeVisible();
  expect((await states(page)).map((state) => state.name), "no call without it").toEqual(["idle"]);
});

test("a form that can't be loaded keeps nobody from a call by one tap", async ({ page, shop }) => {
  await publish(shop, FORM);
  await page.route(/\/assets\/extras-.*\.js/, (route) => route.abort());
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  const names = async () => (await states(page)).map((state) => state.name);
  await expect.poll(names).toContain("calling");
});

test("a form is filled in, and stands in the call's record with the consent", async ({
  page,
  shop,
}) => {
  const broken = await watchPolicies(page);
  await publish(shop, FORM);
  const widget = await shop.open(page);
  const name = widget.getByRole("textbox", { name: "Your name" });
  const call = widget.getByRole("button", { name: "Call now" });
  await call.click();
  await expect(name).toBeFocused();
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await expect(name).toHaveAccessibleDescription("Please fill this in.");
  const consent = widget.getByRole("checkbox", { name: "I have read the privacy notice." });
  await expect(consent).toHaveAccessibleDescription("Please accept this first.");
  expect(await violations(widget), "with faults").toEqual([]);
  expect((await states(page)).map((state) => state.name)).toEqual(["idle"]);

  await name.fill("Ann");
  await expect(name, "mended as it is written").toHaveAttribute("aria-invalid", "false");
  const email = widget.getByRole("textbox", { name: "E-mail" });
  await email.fill("ann at shop");
  await email.press("Enter");
  await expect(email).toBeFocused();
  await expect(email).toHaveAccessibleDescription(
    "Write an e-mail address like name@example.com. For the summary.",
  );
  await email.fill("ann@shop.example");
  await widget.getByRole("combobox", { name: "Topic" }).selectOption("order");
  await call.click();
  await expect(consent).toBeFocused();
  await consent.check();
  expect(await violations(widget), "filled in").toEqual([]);
  await call.click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();

  const started = await messageNamed(page, "call_started");
  expect(started.data.event.data).toMatchObject({ hasFormValues: true });
  expect(JSON.stringify(started.data), "values stay out of events").not.toContain("ann@shop");
  expect(await recordOf(page, shop)).toMatchObject({
    formValues: { name: "Ann", email: "ann@shop.example", topic: "order" },
    consent: {
      version: "2026-11",
      language: "en",
      accepted: true,
      text: "I have read the privacy notice (https://shop.example/privacy).",
    },
  });

  await widget.getByRole("button", { name: "Hang up" }).click();
  const stars = widget.getByRole("group", { name: "How was it?" });
  await stars.getByRole("radio", { name: "4 of 5" }).check({ force: true });
  expect(await violations(widget), "the survey").toEqual([]);
  await widget.getByRole("button", { name: "Send" }).click();
  const answered = await shop.sink.waitFor("survey_submitted");
  expect(answered.event.data).toMatchObject({ rating: 4 });
  expect(broken).toEqual([]);
});

test("what was written is still there after a call that failed", async ({ page, shop }) => {
  await publish(shop, FORM);
  const widget = await shop.open(page);
  await page.route(`${shop.server.url}/v1/calls`, (route) => route.abort());
  await widget.getByRole("textbox", { name: "Your name" }).fill("Ann");
  await widget.getByRole("checkbox", { name: "I have read the privacy notice." }).check();
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "The call didn't work" })).toBeVisible();
  await page.unroute(`${shop.server.url}/v1/calls`);
  await widget.getByRole("button", { name: "Try again" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  expect(await recordOf(page, shop)).toMatchObject({ formValues: { name: "Ann" } });
});

test("what only the server knows to be wrong is said at the field", async ({ page, shop }) => {
  const field = { name: "code", kind: "text", label: { en: "Code" }, pattern: "(?i)abc" };
  await publish(shop, design({ idle: [TITLE, { type: "form", fields: [field] }, CALL] }));
  const widget = await shop.open(page);
  const code = widget.getByRole("textbox", { name: "Code" });
  await code.fill("nonsense");
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(code).toHaveAccessibleDescription("This can't be right. Please check it.");
  await expect(code).toBeFocused();
  expect((await messages(page)).map(({ data }) => data.event.name)).not.toContain("call_error");
  await code.fill("ABC");
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  expect(await recordOf(page, shop)).toMatchObject({ formValues: { code: "ABC" } });
});

test("a widget with yesterday's design takes over the new one, and keeps what was written", async ({
  page,
  shop,
}) => {
  await publish(shop, FORM);
  const widget = await shop.open(page);
  await widget.getByRole("textbox", { name: "Your name" }).fill("Ann");
  await widget.getByRole("checkbox", { name: "I have read the privacy notice." }).check();
  const city = { name: "city", kind: "text", label: { en: "City" }, required: true };
  const form = { ...NAME, fields: [...(NAME["fields"] as object[]), city] };
  await publish(shop, design({ idle: [TITLE, form, CONSENT, CALL] }));
  // A day later.
  shop.server.sql("UPDATE design_versions SET published_at = published_at - 25 * 3600 * 1000");
  const refused = page.waitForResponse(`${shop.server.url}/v1/calls`);
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByText("This form has changed.")).toBeVisible();
  expect((await refused).status()).toBe(409);
  await expect(widget.getByRole("textbox", { name: "Your name" })).toHaveValue("Ann");
  await expect(widget.getByRole("checkbox", { name: "I have read" }), "the same words").toBeChecked();
  await widget.getByRole("textbox", { name: "City" }).fill("Bern");
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  expect(await recordOf(page, shop)).toMatchObject({ formValues: { name: "Ann", city: "Bern" } });
});

test("a design that is replaced meanwhile still takes calls of the one that was loaded", async ({
  page,
  shop,
}) => {
  await publish(shop, FORM);
  const widget = await shop.open(page);
  await publish(shop, design({ idle: [TITLE, CALL] }));
  await widget.getByRole("textbox", { name: "Your name" }).fill("Ann");
  await widget.getByRole("checkbox", { name: "I have read the privacy notice." }).check();
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  expect(await recordOf(page, shop)).toMatchObject({ consent: { version: "2026-11" } });
});

test("the telephone is told of the consent that was shown", async ({ page, shop }) => {
  const port = await freePort();
  const telephone = createSocket("udp4");
  const invites: string[] = [];
  telephone.on("message", (bytes, from) => {
    const request = bytes.toString();
    if (request.startsWith("INVITE")) invites.push(request);
    if (request.startsWith("ACK")) return;
    const [status, repeated] = [
      request.startsWith("INVITE") ? "486 Busy Here" : "200 OK",
      request.split("\r\n").filter((line) => /^(via|from|call-id|cseq):/i.test(line)),
    ];
    const to = /^to:.*$/im.exec(request)?.[0] ?? "";
    const answer = [`SIP/2.0 ${status}`, ...repeated, `${to};tag=t`, "Content-Length: 0", "", ""];
    telephone.send(answer.join("\r\n"), from.port, from.address);
  });
  telephone.bind(port, "127.0.0.1");
  await once(telephone, "listening");
  try {
    const trunk = await shop.server.api<{ id: string }>("POST", "/v1/trunks", {
      name: "Office",
      domain: "127.0.0.1",
      port,
    });
    await shop.server.api("POST", `/v1/apps/${shop.appId}/destinations`, {
      name: "Desk",
      kind: "sip",
      trunkId: trunk.id,
      to: "desk",
      isDefault: true,
    });
    const notice = { ...CONSENT, mode: "notice" };
    await publish(shop, design({ idle: [TITLE, notice, CALL] }));
    const widget = await shop.open(page);
    const config = JSON.parse(
      (await widget.locator("#bellpush-config").textContent()) ?? "",
    ) as { consentHashes: Record<string, string> };
    await widget.getByRole("button", { name: "Call now" }).click();
    const invite = await until("the telephone is called", () => invites[0]);
    expect(/^X-Bellpush-Consent: (\w+)/m.exec(invite)?.[1]).toBe(config.consentHashes["en"]);
    await expect(widget.getByText("The line is busy.").first()).toBeVisible();
    expect(await recordOf(page, shop)).toMatchObject({ consent: { accepted: false } });
  } finally {
    telephone.close();
  }
});
