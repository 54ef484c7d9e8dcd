/** `Bellpush.check()`: each thing that keeps calls from working is found, with its code and a sentence. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, type Page } from "@playwright/test";

import { sentences, shopPage, tag } from "../../support/loader.ts";
import { cutPort, cutUdp } from "../../support/network.ts";
import { type Shop, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { code: string; ok: boolean | null; sentence: string }[];
}

/** What the check says in the page as it is. */
function check(page: Page, options?: Record<string, string>): Promise<Report> {
  return page.evaluate(
    (options) =>
      (
        window as unknown as { Bellpush: { check: (options?: object) => Promise<Report> } }
      ).Bellpush.check(options),
    options,
  );
}

async function openChecked(page: Page, shop: Shop, more = ""): Promise<void> {
  shop.host.html = shopPage(tag(shop) + more);
  await page.goto(shop.host.origin);
  await page.getByRole("button", { name: "Call us" }).waitFor();
}

const wrong = ({ findings }: Report) =>
  findings.filter(({ ok }) => ok === false).map(({ code }) => code);

test("a page where calls work has nothing wrong, and leaves nothing behind", async ({
  page,
  shop,
}) => {
  await openChecked(page, shop);
  const report = await check(page);
  expect(wrong(report), JSON.stringify(report, null, 1)).toEqual([]);
  expect(report.ok).toBe(true);
  const fine = report.findings.filter(({ ok }) => ok === true).map(({ code }) => code);
  for (const code of [
    ...["https", "permissions_policy", "csp", "widget_key", "origin", "clock"],
    ...["webrtc", "microphone", "udp", "tcp", "event_stream"],
  ]) {
    expect(fine, JSON.stringify(report, null, 1)).toContain(code);
  }
  for (const { sentence } of report.findings) expect(sentence).toMatch(/^[A-Z].*\.$/s);
  expect(await page.evaluate(() => window.length)).toBe(0);
});

test("what is wrong is named by its code", async ({ page, shop, context }) => {
  await openChecked(page, shop);
  const options = { app: shop.appId, key: shop.key };
  expect(wrong(await check(page, { ...options, key: "wk_wrong" }))).toEqual(["widget_key"]);
  const unknown = shop.appId.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  expect(wrong(await check(page, { ...options, app: unknown }))).not.toEqual([]);
  expect(wrong(await check(page, { ...options, host: "http://localhost:9" }))).toEqual(["server"]);
  await shop.change({ allowedOrigins: ["https://other.example"] });
  const origin = await check(page);
  expect(wrong(origin)).toEqual(["origin"]);
  expect(JSON.stringify(origin)).toContain(shop.host.origin);
  await shop.change({ allowedOrigins: [shop.host.origin] });

  shop.host.headers = { "permissions-policy": "microphone=(self)" };
  await openChecked(page, shop);
  expect(wrong(await check(page))).toEqual(["permissions_policy", "microphone"]);
  shop.host.headers = {
    "content-security-policy": `frame-src 'none'; connect-src *`,
  };
  await openChecked(page, shop);
  const csp = await check(page);
  expect(wrong(csp)).toEqual(["csp"]);
  expect(JSON.stringify(csp)).toContain(`frame-src ${shop.server.url}`);
  shop.host.headers = {};

  await context.addInitScript(() => {
    Reflect.deleteProperty(window, "RTCPeerConnection");
  });
  await openChecked(page, shop, `<iframe src="${shop.widgetUrl().replaceAll("&", "&amp;")}"></iframe>`);
  expect(wrong(await check(page))).toEqual(["allow", "webrtc"]);
});

test("a media port that is not reached is named, by UDP and by TCP", async ({ page, shop }) => {
  await openChecked(page, shop);
  const mendUdp = cutUdp(shop.server.mediaPort);
  try {
    const { ok, findings } = await check(page);
    // Calls go by TCP.
    expect(ok).toBe(true);
    const udp = findings.find(({ code }) => code === "udp");
    expect(udp?.ok).toBeNull();
    expect(udp?.sentence).toContain(`port ${shop.server.mediaPort}`);
    expect(udp?.sentence).toContain("Calls go another way.");
    expect(findings.find(({ code }) => code === "tcp")?.ok).toBe(true);
  } finally {
    mendUdp();
  }
  const mend = cutPort(shop.server.mediaPort);
  try {
    const report = await check(page);
    expect(wrong(report), JSON.stringify(report, null, 1)).toEqual(["udp", "tcp"]);
  } finally {
    mend();
  }
});

test("a page opened with ?check=1 says it in the console", async ({ page, shop }) => {
  const said = sentences(page);
  await shop.change({ allowedOrigins: ["https://other.example"] });
  shop.host.html = shopPage(tag(shop));
  await page.goto(`${shop.host.origin}/?check=1`);
  await until("it is said", () => said.some((text) => text.startsWith("Bellpush: origin:")));
});

test("the documentation's example says each finding", async ({ page, shop }) => {
  const said = sentences(page);
  const file = join(import.meta.dirname, "../../../../web/embed/examples/page/check.html");
  const example = readFileSync(file, "utf8")
    .replaceAll("https://calls.example.com", shop.server.url)
    .replaceAll("app_…", shop.appId)
    .replaceAll("wk_…", shop.key);
  shop.host.html = shopPage("", example);
  await page.goto(shop.host.origin);
  await until("it is said", () => said.some((text) => text.startsWith("https true")));
});
