/** The whole flow by the keyboard alone: nothing is out of its reach, and it is never nowhere. */

import { expect, type Frame, type Page } from "@playwright/test";

import { announced, focused, focusLost, watchFocus } from "../../support/focus.ts";
import { shopPage, tag, widgetFrame } from "../../support/loader.ts";
import { messageNamed, type Shop, states, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

test.beforeEach(async ({ context }) => {
  await watchFocus(context);
});

/** Presses Tab until what is wanted has the focus. */
async function tabTo(page: Page, frame: Frame, wanted: string | RegExp): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 20; presses += 1) {
    const holder = await focused(frame);
    passed.push(holder);
    if (typeof wanted === "string" ? holder === wanted : wanted.test(holder)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${wanted} is not reached by Tab, only ${passed.join(", ")}`);
}

/** Opens the panel by its button. */
async function openPanel(page: Page, shop: Shop): Promise<Frame> {
  shop.host.html = shopPage(tag(shop));
  await page.goto(shop.host.origin);
  await page.getByRole("button", { name: "Call us" }).waitFor();
  const isOnButton = () =>
    page.evaluate(() => document.activeElement?.tagName.toLowerCase() === "bellpush-button");
  for (let presses = 0; presses < 5 && !(await isOnButton()); presses += 1) {
    await page.keyboard.press("Tab");
  }
  expect(await isOnButton()).toBe(true);
  await page.keyboard.press("Enter");
  const widget = await widgetFrame(page, shop);
  await until("the focus is in the widget", () => widget.evaluate(() => document.hasFocus()));
  return widget;
}

test("from the page's button to the thanks without a pointer", async ({ page, shop }) => {
  const widget = await openPanel(page, shop);
  await tabTo(page, widget, "button Call now");
  await page.keyboard.press("Enter");
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await expect.poll(() => focused(widget)).toBe("h1 Connected");

  await tabTo(page, widget, "button Mute");
  await page.keyboard.press("Space");
  const unmute = widget.getByRole("button", { name: "Unmute" });
  await expect(unmute).toHaveAttribute("aria-pressed", "true");
  await expect(unmute).toBeFocused();
  await page.keyboard.press("Space");
  await expect(widget.getByRole("button", { name: "Mute", exact: true })).toHaveAttribute(
    "aria-pressed",
    "false",
  );

  await tabTo(page, widget, "button Audio");
  await page.keyboard.press("Enter");
  await tabTo(page, widget, /^select/).catch(async () => {
    // The list stands above its button.
    for (let presses = 0; presses < 4; presses += 1) await page.keyboard.press("Shift+Tab");
    await tabTo(page, widget, /^select/);
  });
  await page.keyboard.press("ArrowDown");
  await tabTo(page, widget, "button Keypad");
  await page.keyboard.press("Enter");
  await widget.getByRole("button", { name: "Star" }).waitFor();
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/dtmf")) sent.push(request.postDataJSON().digit);
  });
  await page.keyboard.type("19#");
  await expect(widget.locator("output")).toHaveText("19#");

  await tabTo(page, widget, "button Hang up");
  await page.keyboard.press("Enter");
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "user_hangup" });

  await widget.getByRole("heading", { name: "How did we do?" }).waitFor();
  await expect.poll(() => focused(widget)).toBe("h1 How did we do?");
  await tabTo(page, widget, "button Send");
  await page.keyboard.press("Enter");
  await expect(widget.getByRole("alert")).toContainText(/\w/);
  for (let presses = 0; presses < 10; presses += 1) {
    if (/^input/.test(await focused(widget))) break;
    await page.keyboard.press("Shift+Tab");
  }
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowLeft");
  await tabTo(page, widget, /^textarea/);
  await page.keyboard.type("By keys alone");
  await tabTo(page, widget, "button Send");
  await page.keyboard.press("Enter");
  await widget.getByRole("heading", { name: "Thank you!" }).waitFor();
  await expect.poll(() => focused(widget)).toBe("h1 Thank you!");
  const survey = await shop.sink.waitFor("survey_submitted");
  expect(survey.event.data).toMatchObject({ answerCount: 1, hasComment: true });

  expect(await focusLost(widget)).toEqual([]);
  expect((await states(page)).at(-1)).toMatchObject({ name: "survey_submitted" });
  await page.keyboard.press("Escape");
  await until("the focus is back on the button", () =>
    page.evaluate(() => document.activeElement?.tagName.toLowerCase() === "bellpush-button"),
  );
});

test("the focus stays in the widget while its parts are on their way", async ({ page, shop }) => {
  // What a slow network does to everything that is loaded after the first paint.
  await page.route(/\/widget\/assets\/.*\.js$/, async (route) => {
    const isFirst = (await route.request().headerValue("sec-fetch-dest")) !== "script";
    await new Promise((resume) => setTimeout(resume, isFirst ? 0 : 700));
    await route.continue();
  });
  const widget = await openPanel(page, shop);
  await tabTo(page, widget, "button Call now");
  await page.keyboard.press("Enter");
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await tabTo(page, widget, "button Hang up");
  await page.keyboard.press("Enter");
  await widget.getByRole("heading", { name: "How did we do?" }).waitFor();
  await expect.poll(() => focused(widget)).toBe("h1 How did we do?");
  expect(await focusLost(widget)).toEqual([]);
});

test("whoever opens the panel before its frame is there has the focus in it when it comes", async ({
  page,
  shop,
}) => {
  shop.host.html = shopPage(tag(shop));
  let letThrough = () => {};
  const opened = new Promise<void>((resolve) => {
    letThrough = resolve;
  });
  await page.route(
    (url) => url.pathname === `/w/${shop.appId}`,
    async (route) => {
      await opened;
      await route.continue();
    },
  );
  await page.goto(shop.host.origin);
  await page.getByRole("button", { name: "Call us" }).focus();
  await page.keyboard.press("Enter");
  await until("the frame has the focus by name", () =>
    page.evaluate(
      () =>
        document.querySelector("bellpush-button")?.shadowRoot?.activeElement?.localName === "iframe",
    ),
  );
  letThrough();
  const widget = await widgetFrame(page, shop);
  await until("the focus is in the widget", () => widget.evaluate(() => document.hasFocus()));
  await tabTo(page, widget, "button Call now");
});

test("Cancel, and what takes its place, leave the focus in the widget", async ({
  page,
  context,
  shop,
}) => {
  await context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      await new Promise((resume) => Object.assign(window, { answer: resume }));
      return ask(constraints);
    };
  });
  const answer = (widget: Frame) =>
    until("the microphone is asked for, and given", () =>
      widget.evaluate(() => {
        const { answer } = window as unknown as { answer?: () => void };
        answer?.();
        return answer !== undefined;
      }),
    );
  const widget = await openPanel(page, shop);
  await tabTo(page, widget, "button Call now");
  await page.keyboard.press("Enter");
  await tabTo(page, widget, "button Cancel");
  await page.keyboard.press("Enter");
  await expect(widget.getByRole("button", { name: "Call now" })).toBeVisible();
  await tabTo(page, widget, "button Call now");
  await page.keyboard.press("Enter");
  await tabTo(page, widget, "button Cancel");
  // The browser's question is answered while the focus is on Cancel, which goes away.
  await answer(widget);
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await tabTo(page, widget, "button Keypad");
  await page.keyboard.press("Enter");
  await tabTo(page, widget, "button Hang up");
  await page.keyboard.press("Enter");
  await messageNamed(page, "call_ended");
  expect(await focusLost(widget)).toEqual([]);
});

test("what happens is said once each, in its order", async ({ page, shop }) => {
  const widget = await openPanel(page, shop);
  await tabTo(page, widget, "button Call now");
  await page.keyboard.press("Enter");
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await tabTo(page, widget, "button Mute");
  await page.keyboard.press("Space");
  await expect(widget.getByRole("button", { name: "Unmute" })).toBeVisible();
  await page.keyboard.press("Space");
  await tabTo(page, widget, "button Hang up");
  await page.keyboard.press("Enter");
  await widget.getByRole("heading", { name: "How did we do?" }).waitFor();

  const said = await announced(widget);
  const phases = ["Connecting…", "Connected", "Connected. Microphone off", "Connected"];
  const at = phases.reduce((from, phrase) => {
    const found = said.indexOf(phrase, from);
    expect(found, `“${phrase}” is missing in ${JSON.stringify(said)}`).toBeGreaterThanOrEqual(0);
    return found + 1;
  }, 0);
  expect(said.slice(at).some((text) => text.startsWith("Call ended"))).toBe(true);
  expect(said.at(-1)).toBe("How did we do?");
  // A timer that speaks each second would drown all else.
  expect(said.length, JSON.stringify(said)).toBeLessThan(12);
});
