/** What will not work is said while it is typed, before it is saved. */

import { expect } from "@playwright/test";

import { design, publish, saveDraft } from "../../support/design.ts";
import { inaccessibleInBoth, test } from "../../support/studio.ts";

interface Named {
  readonly id: string;
}

test("a profile that names a field which the form has not is told so before it is saved", async ({
  studio: { page, server, open },
}) => {
  const { api } = server;
  const { id: appId } = await api<Named>("POST", "/v1/apps", { name: "Shop" });
  const field = { name: "topic", kind: "text", label: { en: "Topic" } };
  await publish(
    { server, appId },
    design({ idle: [{ type: "form", fields: [field] }, { type: "call", label: "idle.call" }] }),
  );
  const trunk = await api<Named>("POST", "/v1/trunks", { name: "Provider", domain: "127.0.0.1" });
  const profile = await api<Named>("POST", `/v1/apps/${appId}/destinations`, {
    name: "Sales",
    kind: "sip",
    trunkId: trunk.id,
    to: "100",
    callerName: "{form.topic}",
    headers: { "X-Topic": "{form.topic}" },
  });
  await open(`apps/${appId}/profiles/${profile.id}`);
  const missing = page.getByText("has no field “name”");
  const caller = page.getByLabel("Caller's name");
  await expect(caller).toHaveValue("{form.topic}");
  await expect(missing).toHaveCount(0);
  await caller.fill("{form.name} {topic}");
  await expect(missing).toBeVisible();
  await expect(page.getByText("{topic} is not known")).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByLabel("Value 1").fill("{{form.name}} {form.mail}");
  await expect(page.getByText("has no field “mail”")).toBeVisible();
  // It is as it was said.
  await caller.fill("{form.topic}");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("has no field \"mail\"").first()).toBeVisible();
  // What the server said of the header goes when another is written, and not when something else is.
  await page.getByLabel("Name", { exact: true }).fill("Support");
  await expect(page.getByText('has no field "mail"').first()).toBeVisible();
  await page.getByLabel("Value 1").fill("{form.topic} {context.orderId}");
  await expect(page.getByText(/has no field/)).toHaveCount(0);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved").first()).toBeVisible();
});

test("a template, an event and code that name what nothing has are told so", async ({
  studio: { page, server, open },
}) => {
  const { api } = server;
  const { id: appId } = await api<Named>("POST", "/v1/apps", {
    name: "Shop",
    customButtons: [{ label: "Ask", states: ["ended"], action: "emit", name: "asks", data: {} }],
  });
  await open(`apps/${appId}/integrations/new?preset=custom`);
  await page
    .getByLabel("Template")
    .fill('{ "a": {{ data.duratoin }}, "b": {{ data.context.any }}, "c": {{ name }} }');
  await expect(page.getByText("No event of Bellpush has data.duratoin:")).toBeVisible();
  const events = page.getByRole("combobox", { name: "Events" });
  await events.fill("call_endedd");
  await page.keyboard.press("Enter");
  await events.fill("asks");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Nothing emits “call_endedd”")).toBeVisible();
  await expect(page.getByText("Nothing emits “asks”")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await page.getByLabel("Name", { exact: true }).focus();
  await expect(page.getByRole("listbox")).toHaveCount(0);
  expect(await inaccessibleInBoth(page)).toEqual([]);

  await page.goto(`${server.url}/studio/apps/${appId}/code`);
  const code = page.getByRole("textbox", { name: "At the end of the body" });
  await code.click();
  await page.keyboard.insertText(
    `<script>c2c.on("call_endedd", f); c2c.on("asks", f); c2c.once("*", f);</script>`,
  );
  await expect(page.getByText("Nothing emits “call_endedd”")).toBeVisible();
  await expect(page.getByText("Nothing emits “asks”")).toHaveCount(0);
  expect(await inaccessibleInBoth(page)).toEqual([]);
});

test("a new password that is refused is no longer said to be wrong once it is another", async ({
  studio: { page, open },
}) => {
  await open("account");
  const password = page.getByLabel("New password");
  await password.fill("password");
  await page.getByRole("button", { name: "Change" }).click();
  await expect(password).toHaveAttribute("data-invalid", "true");
  await password.fill("password1");
  await expect(password).not.toHaveAttribute("data-invalid", "true");
});

test("words of a design that visitors would read wrong are told so, and names that no text has", async ({
  studio: { page, server, open },
}) => {
  const { api } = server;
  const { id: appId } = await api<Named>("POST", "/v1/apps", { name: "Shop" });
  const heading = { type: "heading", text: "idle.title" };
  const states = { idle: [heading, { type: "call", label: "idle.call" }] };
  await saveDraft({ server, appId }, design(states));
  // A version that knows more texts has written one: this one would not take it.
  await page.route(`**/v1/apps/${appId}/design/draft`, async (route) => {
    if (route.request().method() !== "GET") return route.fallback();
    const response = await route.fetch();
    const draft = (await response.json()) as Record<string, unknown>;
    const texts = { en: { "idle.titel": "Hello" } };
    return route.fulfill({ response, json: "texts" in draft ? { ...draft, texts } : draft });
  });
  await open(`apps/${appId}/design?tab=words`);
  const unknown = page.getByText("The widget has no text “idle.titel”");
  await expect(unknown).toBeVisible();
  await page.unroute(`**/v1/apps/${appId}/design/draft`);
  await page.getByLabel("ended.duration").fill("{tiime}");
  await expect(page.getByText("{tiime} is not known here")).toBeVisible();
  await expect(page.getByText("{time} is missing")).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByLabel("ended.duration").fill("{time}");
  await expect(page.getByText("{time} is missing")).toHaveCount(0);
  await expect(page.getByText("{tiime} is not known here")).toHaveCount(0);
  await page.getByLabel("idle.titel").fill("");
  await expect(unknown).toHaveCount(0);
  await expect(page.getByRole("status").filter({ hasText: /^Saved$/ })).toBeVisible();

  await page.goto(`${server.url}/studio/apps/${appId}/design`);
  const blocks = page.getByRole("list", { name: "Blocks" }).getByRole("listitem");
  await blocks.first().getByRole("button", { name: /^Heading/ }).click();
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("Hello {name}");
  await expect(page.getByText("{name} is not known here")).toBeVisible();
});
