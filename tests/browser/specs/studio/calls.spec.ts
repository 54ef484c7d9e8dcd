/** Calls in Call Studio, with hostile text from everybody who can send any. */

import { readFile } from "node:fs/promises";

import { type Download, expect, type Locator, type Page } from "@playwright/test";

import { HOSTILE, seeded } from "../../support/seed.ts";
import { go, inaccessibleInBoth, settled, test } from "../../support/studio.ts";

test("a call is found by its order, its timeline read, and the list exported", async ({
  studio: { page, server, open },
}) => {
  test.setTimeout(180_000);
  let dialogs = 0;
  page.on("dialog", (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  const at = await seeded(server, page, HOSTILE);
  await open(`apps/${at.appId}/calls`);
  const table = page.getByRole("table", { name: "Calls" });
  await expect(table.locator("tbody tr")).toHaveCount(1);
  await expect(page.getByText("1 call", { exact: true })).toBeVisible();

  await page.getByRole("textbox", { name: "Context" }).fill(`orderId:${HOSTILE.order}`);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("checkbox", { name: "Rating" }).check();
  await page.getByRole("checkbox", { name: "Duration" }).uncheck();
  await page.keyboard.press("Escape");
  await expect(table.getByRole("columnheader", { name: "Rating" })).toBeVisible();
  await expect(table.getByRole("columnheader", { name: "Duration" })).toHaveCount(0);
  await expect(table.getByText("4 / 5")).toBeVisible();
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("textbox", { name: "Keep these filters as" }).fill("Rated");
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "More filters" }).click();
  await page.getByRole("combobox", { name: "Rating" }).click();
  await page.getByRole("option", { name: "1 / 5" }).click();
  await expect(page.getByText("Nothing matches")).toBeVisible();
  await go(page, `apps/${at.appId}/calls`);
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("button", { name: "Rated", exact: true }).click();
  await expect(table.getByRole("columnheader", { name: "Rating" })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Context" })).toHaveValue(
    `orderId:${HOSTILE.order}`,
  );

  await page.getByRole("button", { name: "Export" }).click();
  const drawer = page.getByRole("dialog", { name: "Exports" });
  await drawer.getByRole("button", { name: "Begin" }).click();
  const files = drawer.getByRole("listitem");
  const spreadsheet = await downloaded(page, files.first());
  expect(spreadsheet.toString()).toContain(at.callId);
  await drawer.getByText("JSON", { exact: true }).click();
  await drawer.getByRole("button", { name: "Begin" }).click();
  await expect(files).toHaveCount(2);
  const json = await downloaded(page, files.filter({ hasText: "JSON" }));
  expect(JSON.parse(json.toString())).toMatchObject([{ id: at.callId, rating: 4 }]);
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(drawer).toHaveCount(0);

  await table.getByRole("link", { name: "Answered" }).click();
  await settled(page);
  const timeline = page.getByRole("region", { name: "Timeline" });
  for (const text of [HOSTILE.visitor, HOSTILE.comment, HOSTILE.declines]) {
    await expect(timeline.getByText(text)).toBeVisible();
  }
  await expect(timeline.getByText("Received INVITE")).toHaveCount(0);
  await expect(timeline.getByText("Sent INVITE").first()).toBeVisible();
  await timeline.getByText(/^SIP · \d+$/).click();
  await expect(timeline.getByText("Sent INVITE")).toHaveCount(0);
  expect(new URL(page.url()).searchParams.get("hide")).toContain("sip");
  await page.reload();
  await expect(timeline.getByText("call_started")).toBeVisible();
  await expect(timeline.getByText("Sent INVITE")).toHaveCount(0);
  await timeline.getByRole("button", { name: "call_started" }).click();
  await expect(timeline.getByText(/^[0-9a-f]{32}$/)).toBeVisible();

  const ladder = page.getByRole("region", { name: "SIP messages" });
  // On a busy machine the telephone says it again before it is acknowledged.
  await ladder
    .getByRole("button", { name: /Received 486/ })
    .first()
    .click();
  await expect(ladder.getByText(`Server: ${HOSTILE.telephone}`)).toBeVisible();
  await ladder
    .getByRole("button", { name: /Sent INVITE/ })
    .last()
    .click();
  await ladder
    .getByRole("button", { name: /Sent INVITE/ })
    .first()
    .click();
  await expect(ladder.getByText("X-Order: ")).toHaveCount(2);
  const pcap = await file(page, ladder.getByRole("link", { name: "pcap" }));
  expect(["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d"]).toContain(
    pcap.subarray(0, 4).toString("hex"),
  );
  const text = await file(page, ladder.getByRole("link", { name: "Text" }));
  expect(text.toString()).toContain("INVITE sip:desk@");

  const quality = page.getByRole("region", { name: "Quality" });
  await expect(quality.getByRole("img", { name: /^Jitter: .*From the other side/ })).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await quality.getByText("Table", { exact: true }).click();
  await expect(quality.getByRole("cell", { name: "From the other side" }).first()).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);

  await go(page, `apps/${at.appId}/profiles/${at.profileId}`);
  const routing = page.getByRole("region", { name: "What happens to a call" });
  await expect(routing.getByText("Open then")).toHaveCount(2);
  await routing.getByRole("textbox", { name: "Form" }).fill("name:Ann Visitor");
  await page.keyboard.press("Enter");
  await expect(routing.getByText("Caller's name: Ann Visitor")).toBeVisible();
  await routing.getByRole("textbox", { name: "Routing key" }).fill("vip");
  await page.keyboard.press("Enter");
  await expect(routing.getByText("Calls 101")).toBeVisible();
  expect(new URL(page.url()).searchParams.get("key")).toBe("vip");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  expect(dialogs).toBe(0);
});

/** The file of an export, once it is complete. */
async function downloaded(page: Page, one: Locator): Promise<Buffer> {
  await expect(one.getByText(/^1 row,/)).toBeVisible();
  return file(page, one.getByRole("link", { name: "Download" }));
}

async function file(page: Page, link: Locator): Promise<Buffer> {
  const download = page.waitForEvent("download");
  await link.click();
  const given: Download = await download;
  return readFile(await given.path());
}
