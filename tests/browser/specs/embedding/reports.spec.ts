/** What Call Studio says of pages that embed a widget: by its own check, and by what visits report. */

import { expect, type Page } from "@playwright/test";

import { shopPage, tag, widgetFrame } from "../../support/loader.ts";
import { type Shop, test } from "../../support/shop.ts";
import { go, inaccessible, open, watch } from "../../support/studio.ts";
import { until } from "../../support/until.ts";

interface Report {
  readonly page: string;
  readonly problem: string | null;
  readonly microphone: boolean | null;
  readonly frames: number | null;
  readonly loader: boolean | null;
}

async function reports(shop: Shop): Promise<readonly Report[]> {
  const path = `/v1/apps/${shop.appId}/embed-reports`;
  return (await shop.server.api<{ items: Report[] }>("GET", path)).items;
}

const reported = (shop: Shop, so: (report: Report) => boolean) =>
  until("the visit is reported", async () => (await reports(shop)).find(so));

async function visit(page: Page, shop: Shop, path: string, html: string): Promise<void> {
  shop.host.pages[path] = html;
  await page.goto(`${shop.host.origin}${path}`);
}

test("a visit reports its page, and whether the microphone is let through", async ({ page, shop }) => {
  shop.host.html = shopPage(tag(shop));
  await page.goto(`${shop.host.origin}/contact?order=1`);
  await page.getByRole("button", { name: "Call us" }).click();
  await widgetFrame(page, shop);
  const seen = await reported(shop, (it) => it.microphone === true);
  expect(seen).toMatchObject({
    page: `${shop.host.origin}/contact`,
    problem: null,
    frames: 1,
    loader: true,
  });
  // The same page, with a policy that it did not have before.
  shop.host.headers = { "permissions-policy": "microphone=(self)" };
  await page.goto(`${shop.host.origin}/contact`);
  await page.getByRole("button", { name: "Call us" }).click();
  expect(await reported(shop, (it) => it.microphone === false)).toMatchObject({ page: seen.page });
});

test("iframes that lack allow, and frames within frames, are reported as that", async ({
  page,
  shop,
}) => {
  const frame = (src: string, allow = "") =>
    `<!doctype html><html lang="en"><title>Page</title><iframe title="Frame" ${allow}
      referrerpolicy="no-referrer-when-downgrade" src="${src.replaceAll("&", "&amp;")}"></iframe>`;
  await visit(page, shop, "/bare", frame(shop.widgetUrl()));
  expect(await reported(shop, (it) => it.page.endsWith("/bare"))).toMatchObject({
    microphone: false,
    loader: false,
    frames: 1,
  });
  const allow = 'allow="microphone"';
  shop.host.pages["/inner"] = frame(shop.widgetUrl(), allow);
  await visit(page, shop, "/outer", frame("/inner", allow));
  expect(await reported(shop, (it) => it.page.endsWith("/inner"))).toMatchObject({
    microphone: true,
    frames: 2,
  });
});

test("Studio checks a page, says what to change, and shows what visits report", async ({
  page,
  shop,
  context,
}) => {
  const faults = watch(page);
  shop.host.headers = { "permissions-policy": "microphone=(self)" };
  shop.host.html = shopPage(tag(shop));
  const visitor = await context.newPage();
  await visitor.goto(`${shop.host.origin}/contact`);
  await visitor.getByRole("button", { name: "Call us" }).click();
  await reported(shop, (it) => it.microphone === false);
  await visitor.close();

  await open(page, shop.server, `apps/${shop.appId}/embed`);
  const seen = page.getByRole("region", { name: "Seen by real visits" });
  await expect(seen.getByText(`${shop.host.origin}/contact`)).toBeVisible();
  await expect(seen.getByText("Microphone not delegated", { exact: false })).toBeVisible();

  const check = page.getByRole("region", { name: "Check a page" });
  await check.getByLabel("Address of the page").fill(`${shop.host.origin}/contact`);
  await check.getByRole("button", { name: "Check" }).click();
  await expect(check.getByText("One thing keeps it from working")).toBeVisible();
  await expect(
    check.getByText(`Permissions-Policy: microphone=(self "${shop.server.url}")`),
  ).toBeVisible();
  expect(new URL(page.url()).searchParams.get("page")).toBe(`${shop.host.origin}/contact`);
  expect(await inaccessible(page)).toEqual([]);

  // The line is put in, and the same page is checked again.
  shop.host.headers = { "permissions-policy": `microphone=(self "${shop.server.url}")` };
  await check.getByRole("button", { name: "Check" }).click();
  await expect(check.getByText("Nothing is in the way")).toBeVisible();

  for (const [width, colorScheme] of [
    [1280, "light"],
    [1280, "dark"],
    [360, "light"],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(tooWide, `${width} ${colorScheme}`).toBe(0);
    expect(await inaccessible(page), `${width} ${colorScheme}`).toEqual([]);
  }
  expect(faults).toEqual([]);
});

test("a choice lights up in the picture, and stands in the snippet", async ({ page, shop }) => {
  await open(page, shop.server, `apps/${shop.appId}/embed`);
  await page.getByLabel("Text on the button").fill("Talk to us");
  await expect(page.locator("figure [data-lit]")).toHaveText("Talk to us");
  await expect(page.getByText('data-label="Talk to us"')).toBeVisible();
  for (const kind of ["WordPress", "Shopify", "Tag manager", "iframe", "React", "Vue", "Policies"]) {
    await page.getByRole("tab", { name: kind }).click();
    await expect(page.getByRole("tabpanel")).toContainText(shop.server.url);
  }
  await go(page, `apps/${shop.appId}/embed?kind=wordpress`);
  await expect(page.getByText("wp_footer")).toBeVisible();
});
