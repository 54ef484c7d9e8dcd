/** Why no call could be made: each cause with its own words, and what the visitor can do about it. */

import { expect } from "@playwright/test";

import { call, sentLevel, spyOnMicrophones } from "../support/call.ts";
import { embeddingPage } from "../support/host.ts";
import { spyOnPeers } from "../support/media.ts";
import { messageNamed, messages, test } from "../support/shop.ts";

test.beforeEach(async ({ context }) => {
  await spyOnPeers(context);
  await spyOnMicrophones(context);
});

async function failure(page: import("@playwright/test").Page): Promise<unknown> {
  return (await messageNamed(page, "call_error")).data.event.data["errorCode"];
}

test("a page that lets nobody have the microphone is named as the cause", async ({ page, shop }) => {
  const url = shop.widgetUrl();
  shop.host.html = embeddingPage(url).replace('allow="microphone; autoplay; clipboard-write"', "");
  await page.goto(shop.host.origin);
  const widget = await expect
    .poll(() => page.frames().find((frame) => frame.url().startsWith(shop.server.url)))
    .toBeTruthy()
    .then(() => page.frames().find((frame) => frame.url().startsWith(shop.server.url)));
  await widget?.getByRole("button", { name: "Call now" }).click();
  expect(await failure(page)).toBe("microphone_denied");
  await expect(page.frameLocator("iframe").getByRole("main").getByText("This page does not let calls")).toBeVisible();
  await expect(page.frameLocator("iframe").getByText("address bar")).toHaveCount(0);
});

const SCRIPTS = {
  "no media devices": {
    code: "browser_unsupported",
    text: "can't use a microphone",
    script: () => Object.defineProperty(navigator, "mediaDevices", { value: undefined }),
  },
  "no WebRTC": {
    code: "browser_unsupported",
    text: "calls are switched off",
    script: () => Object.defineProperty(window, "RTCPeerConnection", { value: undefined }),
  },
  "an app's own browser": {
    code: "browser_unsupported",
    text: "Safari or Chrome",
    script: () => {
      Object.defineProperty(navigator, "userAgent", {
        value: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605 Instagram 361",
      });
      Object.defineProperty(navigator, "mediaDevices", { value: undefined });
    },
  },
  "a microphone that another program holds": {
    code: "microphone_unavailable",
    text: "No microphone could be used",
    script: () => {
      navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException("in use", "NotReadableError"));
    },
  },
} as const;

for (const [name, { code, text, script }] of Object.entries(SCRIPTS)) {
  test(`${name}: ${code}`, async ({ page, context, shop }) => {
    await context.addInitScript(script);
    const widget = await shop.open(page);
    await widget.getByRole("button", { name: "Call now" }).click();
    expect(await failure(page)).toBe(code);
    await expect(widget.getByRole("main").getByText(text)).toBeVisible();
    const delivered = await shop.sink.waitFor("call_error");
    expect(delivered.event.data).toMatchObject({ errorCode: code });
  });
}

test("a microphone that is allowed later has the call go on by itself", async ({
  page,
  context,
  shop,
}) => {
  await context.addInitScript(() => {
    const status = Object.assign(new EventTarget(), { state: "denied" });
    (window as unknown as { allow: () => void }).allow = () => {
      status.state = "granted";
      status.dispatchEvent(new Event("change"));
    };
    navigator.permissions.query = async () => status as unknown as PermissionStatus;
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (constraints) =>
      status.state === "granted"
        ? ask(constraints)
        : Promise.reject(new DOMException("Permission denied", "NotAllowedError"));
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  expect(await failure(page)).toBe("microphone_denied");
  await widget.evaluate(() => (window as unknown as { allow: () => void }).allow());
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
});

test("a visitor without a microphone calls to listen, and has the keypad", async ({
  page,
  context,
  shop,
}) => {
  await context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException("none", "NotFoundError"));
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  expect(await failure(page)).toBe("microphone_unavailable");
  await widget.getByRole("button", { name: "Call without a microphone" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await expect(widget.getByRole("main").getByText("You are listening without a microphone")).toBeVisible();
  await expect(widget.getByRole("button", { name: "Mute" })).toHaveCount(0);
  await widget.getByRole("button", { name: "Keypad" }).click();
  await widget.getByRole("button", { name: "Star" }).click();
  const ended = await messageNamed(page, "call_ended");
  expect(ended.data.event.data).toMatchObject({ reason: "remote_hangup" });
});

test("a microphone that is chosen by one who listens is shown, heard, and can be muted", async ({
  page,
  context,
  shop,
}) => {
  await context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    let isInUse = true;
    devices.getUserMedia = (wish) => {
      const answer = isInUse ? Promise.reject(new DOMException("in use", "NotReadableError")) : ask(wish);
      isInUse = false;
      return answer;
    };
  });
  const widget = await shop.open(page);
  await widget.getByRole("button", { name: "Call now" }).click();
  await widget.getByRole("button", { name: "Call without a microphone" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  const listens = widget.getByRole("main").getByText("You are listening without a microphone");
  await expect(listens).toBeVisible();
  await widget.getByRole("button", { name: "Audio" }).click();
  await widget.getByRole("combobox", { name: "Microphone" }).selectOption({ index: 1 });
  await expect(listens).toHaveCount(0);
  expect(await sentLevel(widget)).toBeGreaterThan(0);
  await widget.getByRole("button", { name: "Mute" }).click();
  await expect(widget.getByRole("button", { name: "Unmute" })).toBeVisible();
  await expect.poll(() => sentLevel(widget)).toBe(0);
});

test("a page of before an upgrade has its widget load anew, and calls", async ({ page, shop }) => {
  const widget = await shop.open(page);
  // The server has no file any more that this page knows of.
  const files = `${shop.server.url}/widget/assets/*.js*`;
  await page.route(files, (route) => route.fulfill({ status: 404 }));
  await page.route(`${shop.server.url}/w/**`, async (route) => {
    await page.unroute(files);
    await route.continue();
  });
  const anew = page.waitForEvent("framenavigated");
  await widget.getByRole("button", { name: "Call now" }).click();
  await anew;
  await call(widget);
  expect((await messages(page)).map(({ data }) => data.event.name)).not.toContain("call_error");
});

test("sound that the browser refuses to play is one tap away", async ({ page, context, shop }) => {
  await context.addInitScript(() => {
    const play = HTMLMediaElement.prototype.play;
    const allowed = window as unknown as { tapped: boolean };
    HTMLMediaElement.prototype.play = function () {
      return allowed.tapped
        ? play.call(this)
        : Promise.reject(new DOMException("tap first", "NotAllowedError"));
    };
  });
  const widget = await shop.open(page);
  await call(widget);
  const hear = widget.getByRole("button", { name: "Tap to hear" });
  await expect(hear).toBeVisible();
  await expect(widget.getByRole("status")).toContainText("Tap to hear");
  await widget.evaluate(() => {
    (window as unknown as { tapped: boolean }).tapped = true;
  });
  await hear.click();
  await expect(hear).toHaveCount(0);
});

test("a page that the browser translates goes on being told", async ({ page, shop }) => {
  const widget = await shop.open(page);
  const translate = () =>
    widget.evaluate(() => {
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found: Text[] = [];
      while (texts.nextNode()) found.push(texts.currentNode as Text);
      for (const text of found) {
        if (text.data.trim() === "" || text.parentElement?.closest("font")) continue;
        const font = document.createElement("font");
        font.append(document.createElement("font"));
        (font.firstChild as HTMLElement).textContent = `«${text.data}»`;
        text.replaceWith(font);
      }
    });
  await translate();
  await widget.getByRole("button", { name: "«Call now»" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  await translate();
  const timer = widget.getByRole("timer");
  const before = await timer.innerText();
  await expect(timer).not.toHaveText(before);
  await translate();
  await widget.getByRole("button", { name: "Mute" }).click();
  await expect(widget.getByRole("button", { name: "Unmute" })).toBeVisible();
  await translate();
  await widget.getByRole("button", { name: "«Hang up»" }).click();
  await expect(widget.getByRole("heading", { name: "How did we do?" })).toBeVisible();
  await translate();
  await widget
    .getByRole("group", { name: "How well did you hear us?" })
    .getByRole("radio", { name: "4 of 5" })
    .check({ force: true });
  // Half of a character, as some editors paste it.
  await widget.getByRole("textbox", { name: "Anything else?" }).evaluate((field) => {
    const area = field as HTMLTextAreaElement;
    area.value = "fine \ud83d";
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await widget.getByRole("button", { name: "Send" }).click();
  await expect(widget.getByRole("heading", { name: "Thank you!" })).toBeVisible();
  const delivered = await shop.sink.waitFor("survey_submitted");
  expect(delivered.event.data).toMatchObject({ hasComment: true });
  expect((await messages(page)).at(-1)?.data.event.name).toBe("survey_submitted");
});
