/** The designer: from an edit on the widget to what visitors see, and back. */

import { expect, type FrameLocator, type Page } from "@playwright/test";

import { embeddingPage, startHost } from "../../support/host.ts";
import type { Server } from "../../support/server.ts";
import { inaccessibleInBoth, open, settled, test } from "../../support/studio.ts";
import { until } from "../../support/until.ts";

interface App {
  readonly id: string;
  readonly key: string;
}

async function newApp({ api }: Server, more: object = {}): Promise<App> {
  const settings = { name: "Shop", allowedOrigins: ["https://shop.example"], ...more };
  const { id } = await api<{ id: string }>("POST", "/v1/apps", settings);
  const { key } = await api<{ key: string }>("POST", `/v1/apps/${id}/widget-keys`);
  return { id, key };
}

/** The designer of an app, once its canvas takes what it is sent. */
async function openDesigner(page: Page, server: Server, app: App, query = ""): Promise<FrameLocator> {
  await open(page, server, `apps/${app.id}/design${query}`);
  await settled(page);
  await expect(page.locator("iframe[data-ready=true]")).toBeVisible();
  return page.frameLocator("iframe[data-ready=true]");
}

/** Taps a text on the widget, and writes another one. */
async function write(page: Page, canvas: FrameLocator, before: string, after: string): Promise<void> {
  await canvas.getByText(before, { exact: true }).first().click();
  await page.getByRole("textbox", { name: "Text on the widget" }).fill(after);
  await page.keyboard.press("Enter");
  await expect(canvas.getByText(after, { exact: true }).first()).toBeVisible();
}

const saved = (page: Page) =>
  expect(page.getByRole("status").filter({ hasText: /^Saved$/ })).toBeVisible();

async function publish(page: Page, note: string): Promise<void> {
  await saved(page);
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Publish the design" });
  await dialog.getByLabel("What is new?").fill(note);
  await dialog.getByRole("button", { name: "Publish now" }).click();
  await expect(dialog).toHaveCount(0);
}

test("a design is written on the widget, published, seen live, and taken back", async ({
  studio: { page, server },
}) => {
  test.setTimeout(120_000);
  const host = await startHost();
  const app = await newApp(server, { allowedOrigins: [host.origin] });
  const canvas = await openDesigner(page, server, app);
  const live = await page.context().newPage();
  host.html = embeddingPage(`${server.url}/w/${app.id}?key=${app.key}`);
  const title = async () => {
    await live.goto(host.origin);
    return live.frameLocator("iframe").getByRole("heading", { level: 1 }).innerText();
  };

  await write(page, canvas, "Talk to us", "Ring the shop");
  await publish(page, "First");
  expect(await title()).toBe("Ring the shop");

  // A further block, by the palette; up by its menu, down again by keys.
  await page.getByRole("button", { name: "Add a block" }).click();
  await page.getByRole("menuitem", { name: /^Heading/ }).click();
  await expect(canvas.getByText("A heading")).toBeVisible();
  const blocks = page.getByRole("list", { name: "Blocks" }).getByRole("listitem");
  await expect(blocks).toHaveCount(4);
  await page.getByRole("button", { name: "What to do with Heading “A heading”" }).click();
  await page.getByRole("menuitem", { name: "Up", exact: true }).click();
  await expect(blocks.nth(2)).toContainText("A heading");
  await page.getByRole("button", { name: "Move Heading “A heading”" }).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await expect(blocks.nth(3)).toContainText("A heading");
  await blocks.nth(3).getByRole("button", { name: /^Heading/ }).click();
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("We speak your language");
  await expect(canvas.getByText("We speak your language")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(canvas.getByText("A heading")).toBeVisible();
  await page.getByRole("button", { name: "Redo" }).click();
  await expect(canvas.getByText("We speak your language")).toBeVisible();

  await saved(page);
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Publish the design" });
  await expect(dialog.getByRole("region", { name: "Ready" })).toContainText("Added");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Publish now" }).click();
  await expect(dialog).toHaveCount(0);
  await title();
  await expect(live.frameLocator("iframe").getByText("We speak your language")).toBeVisible();

  await page.getByRole("link", { name: "Versions" }).click();
  await page.getByRole("row", { name: /Version 2/ }).getByRole("button", { name: "Compare" }).click();
  await expect(page.getByRole("region", { name: "Ready" })).toContainText("Heading");
  await page.getByText("As a document").click();
  await expect(page.getByRole("textbox", { name: "As a document" })).toContainText("We speak");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByRole("row", { name: /Version 1/ }).getByRole("button", { name: "Go back" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Go back to it" }).click();
  await expect(page.getByRole("row", { name: /Version 3/ })).toContainText("Visitors see this one");
  expect(await title()).toBe("Ring the shop");
  await expect(live.frameLocator("iframe").getByText("We speak your language")).toHaveCount(0);
  host.stop();
});

test.describe("on a phone", () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 844 } });

  test("blocks are dragged by a finger, which needs not wait", async ({ studio: { page, server } }) => {
    const app = await newApp(server);
    await openDesigner(page, server, app);
    const blocks = page.getByRole("list", { name: "Blocks" }).getByRole("listitem");
    const words = () => blocks.locator("button[aria-current]").allInnerTexts();
    await expect(blocks).toHaveCount(3);
    const before = await words();
    const grip = blocks.nth(0).getByRole("button", { name: /^Move / });
    await grip.scrollIntoViewIfNeeded();
    const [from, to] = await Promise.all([grip.boundingBox(), blocks.nth(2).boundingBox()]);
    if (from === null || to === null) throw new Error("the blocks are not on the screen");
    const x = from.x + from.width / 2;
    const start = from.y + from.height / 2;
    const end = to.y + to.height - 4;
    const touch = await page.context().newCDPSession(page);
    const finger = (type: "touchStart" | "touchMove" | "touchEnd", y: number) =>
      touch.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x, y }] });
    await finger("touchStart", start);
    for (let step = 1; step <= 12; step++) await finger("touchMove", start + ((end - start) * step) / 12);
    await finger("touchEnd", end);
    await expect.poll(words).toEqual([before[1], before[2], before[0]]);
    await saved(page);
  });
});

test("a marketer makes an Arabic widget in an English console", async ({ studio: { page, server } }) => {
  test.setTimeout(120_000);
  const app = await newApp(server);
  const canvas = await openDesigner(page, server, app);
  await page.getByRole("button", { name: "Add a block" }).click();
  await page.getByRole("menuitem", { name: /^Heading/ }).click();
  await page.getByRole("tab", { name: "Languages" }).click();
  await page.getByRole("textbox", { name: "Add a language" }).fill("ar");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("0/1 translated")).toBeVisible();
  await expect(canvas.locator("html")).toHaveAttribute("dir", "rtl");
  expect(await page.locator("html").getAttribute("dir")).not.toBe("rtl");

  // A draft may lack words, a publication may not; it leads to what is missing.
  await saved(page);
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Publish the design" });
  await dialog.getByRole("button", { name: "Publish now" }).click();
  await expect(dialog.getByRole("alert")).toContainText("the words in ar are missing");
  await dialog.getByRole("button", { name: "Go there" }).first().click();
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("نتحدث لغتك");
  await expect(canvas.getByText("نتحدث لغتك")).toBeVisible();
  await page.getByRole("tab", { name: "Languages" }).click();
  await expect(page.getByText("1/1 translated")).toHaveCount(2);
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await publish(page, "Arabic");
});

test("two people at once: different parts merge, the same part asks", async ({
  studio: { page, server },
}) => {
  test.setTimeout(120_000);
  const app = await newApp(server);
  const mine = await openDesigner(page, server, app);
  const other = await page.context().newPage();
  const theirs = await openDesigner(other, server, app);

  await write(other, theirs, "Call now", "Ring us");
  await saved(other);
  await write(page, mine, "Talk to us", "Hello");
  await expect(mine.getByText("Ring us")).toBeVisible();
  await expect(page.getByText(/^Changes by Ada Owner were taken in/)).toBeVisible();
  await saved(page);
  await expect(theirs.getByText("Hello")).toBeVisible({ timeout: 20_000 });

  await write(other, theirs, "Hello", "Welcome");
  await saved(other);
  await write(page, mine, "Hello", "Good day");
  const question = page.getByRole("dialog", { name: "Somebody changed the same part" });
  await expect(question).toContainText("Welcome");
  await expect(question).toContainText("Changed by Ada Owner, ");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await question.getByRole("radio", { name: "Theirs" }).check();
  await question.getByRole("button", { name: "Go on with these" }).click();
  await expect(mine.getByText("Welcome")).toBeVisible();
  await saved(page);
});

test("every state and example is reached, and a design is published at its time", async ({
  studio: { page, server },
}) => {
  test.setTimeout(120_000);
  const app = await newApp(server);
  const canvas = await openDesigner(page, server, app);
  const strip = page.getByRole("group", { name: "States of the widget" });
  for (const [state, said] of [
    ["Call", "Connected"],
    ["Ended", "Call ended"],
    ["Error", "Try again"],
    ["Closed", "closed"],
  ] as const) {
    await strip.getByRole("button", { name: state, exact: true }).click();
    await expect(canvas.getByText(said).first()).toBeVisible();
  }
  await strip.getByRole("button", { name: "Call", exact: true }).click();
  for (const [example, said] of [
    ["Ringing", "Ringing"],
    ["On hold", "hold"],
    ["Weak network", "network"],
  ] as const) {
    await page.getByRole("combobox", { name: "Show" }).click();
    await page.getByRole("option", { name: example }).click();
    await expect(canvas.getByText(new RegExp(said, "i")).first()).toBeVisible();
  }

  await page.getByRole("tab", { name: "Theme" }).click();
  await page.getByRole("button", { name: "Plum" }).click();
  await saved(page);
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Publish the design" });
  await dialog.getByText("Later").click();
  await dialog.getByRole("textbox", { name: "At", exact: true }).fill("2030-01-01T09:00");
  await dialog.getByRole("button", { name: "Schedule it" }).click();
  await expect(dialog.getByRole("alert")).toContainText("within a year");
  const near = new Date(Date.now() + 3_600_000);
  near.setMinutes(near.getMinutes() - near.getTimezoneOffset());
  await dialog.getByRole("textbox", { name: "At", exact: true }).fill(near.toISOString().slice(0, 16));
  await dialog.getByRole("button", { name: "Schedule it" }).click();
  await expect(page.locator("#content").getByText(/^Will be published/)).toBeVisible();
  await page.getByRole("button", { name: "Don't publish it then" }).click();
  await expect(page.locator("#content").getByText(/^Will be published/)).toHaveCount(0);

  // At its time, also when the server was stopped before.
  const at = new Date(Date.now() + 1_500).toISOString();
  await server.api("PUT", `/v1/apps/${app.id}/design/schedule`, { publishAt: at });
  await until("it is published", async () => {
    const { items } = await server.api<{ items: readonly unknown[] }>(
      "GET",
      `/v1/apps/${app.id}/design/versions`,
    );
    return items.length === 1 ? items : undefined;
  });
});

test("a form is made, and a field that a profile uses stays", async ({ studio: { page, server } }) => {
  test.setTimeout(120_000);
  const app = await newApp(server);
  await open(page, server, `apps/${app.id}/forms`);
  await page.getByRole("button", { name: "Add a block: Form" }).click();
  const form = page.getByRole("region", { name: "Form before the call" });
  await form.getByRole("button", { name: /Your name/, expanded: false }).click();
  await form.getByRole("combobox", { name: "Kind" }).click();
  await page.getByRole("option", { name: "A choice" }).click();
  await form.getByRole("textbox", { name: "Options" }).fill("order = My order\nreturn = A return");
  await form.getByRole("textbox", { name: "Name of the value" }).fill("topic");
  await saved(page);
  const { states } = await server.api<{ states: { idle: readonly { type: string }[] } }>(
    "GET",
    `/v1/apps/${app.id}/design/draft`,
  );
  expect(states.idle.find(({ type }) => type === "form")).toMatchObject({
    fields: [
      {
        name: "topic",
        kind: "select",
        options: [
          { value: "order", label: { en: "My order" } },
          { value: "return", label: { en: "A return" } },
        ],
      },
    ],
  });
  const trunk = await server.api<{ id: string }>("POST", "/v1/trunks", {
    name: "Provider",
    domain: "trunk.invalid",
    active: false,
  });
  await server.api("POST", `/v1/apps/${app.id}/destinations`, {
    name: "Sales",
    kind: "sip",
    to: "100",
    trunkId: trunk.id,
    callerName: "{form.topic}",
  });
  // Who uses a field is not known at once: until then it is neither removed nor renamed.
  const profiles = `**/v1/apps/${app.id}/destinations`;
  let answer = () => {};
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route(profiles, async (route) => {
    await mayAnswer;
    await route.continue();
  });
  await page.reload();
  await form.getByRole("button", { name: /Your name/, expanded: false }).click();
  const name = form.getByRole("textbox", { name: "Name of the value" });
  await expect(name).toBeDisabled();
  await expect(name).toHaveAccessibleDescription("Which profiles use it is not known yet.");
  const remove = form.getByRole("button", { name: /^Remove Your name/ });
  await remove.click();
  await expect(remove).toHaveAttribute("data-loading", "true");
  answer();
  await expect(form.getByRole("alert")).toContainText("Used by Sales");
  await expect(name).toHaveValue("topic");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.unroute(profiles);
  // Nor is it where that can't be had.
  await page.route(profiles, (route) => route.abort());
  await page.reload();
  await remove.click();
  await expect(form.getByRole("alert")).toContainText("could not be looked up");
  await expect(remove).toBeVisible();
  await page.unroute(profiles);
  await openDesigner(page, server, app);
  await page.getByRole("button", { name: /^What to do with Form/ }).click();
  await expect(page.getByRole("menuitem", { name: /^Delete Used by Sales/ })).toBeDisabled();
});

test("custom code runs with its console, and hears a sample event", async ({
  studio: { page, server, faults },
}) => {
  test.setTimeout(120_000);
  const app = await newApp(server);
  await open(page, server, `apps/${app.id}/code`);
  const head = page.getByRole("textbox", { name: "In the head" });
  await head.click();
  await page.keyboard.insertText(
    '<script>c2c.on("*", (event) => console.log("heard", event.name)); nowhere();</script>',
  );
  await page.getByRole("button", { name: "Save" }).click();
  const said = page.getByRole("region", { name: "Console" });
  await expect(said).toContainText("nowhere is not defined");
  // What the code throws is seen in the page's own console, too: that is all that was thrown.
  expect(new Set(faults)).toEqual(new Set(["thrown: nowhere is not defined"]));
  faults.splice(0);
  await expect(said).toContainText("heard widget_loaded");
  await page.getByRole("button", { name: "Send a sample event" }).click();
  await expect(said).toContainText("heard call_started");
  await expect(page.getByRole("region", { name: "Events" })).not.toContainText("call_started");
  expect(await inaccessibleInBoth(page)).toEqual([]);
});
