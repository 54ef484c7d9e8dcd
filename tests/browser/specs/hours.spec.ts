/** A widget outside business hours: it says until when, and opens by itself. */

import { expect } from "@playwright/test";

import { test } from "../support/shop.ts";

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;

/** Hours with one window, from the next full hour but one on, in UTC. */
function later(): { readonly hours: object; readonly opensAt: Date } {
  const opensAt = new Date((Math.floor(Date.now() / HOUR) + 2) * HOUR);
  const time = (hour: number) => `${String(hour % 24).padStart(2, "0")}:00`;
  const window = { from: time(opensAt.getUTCHours()), to: time(opensAt.getUTCHours() + 1) };
  const date = opensAt.toISOString().slice(0, 10);
  const hours = { timeZone: "UTC", exceptions: [{ date, label: "Fair", windows: [window] }] };
  return { hours, opensAt };
}

test("a closed widget says until when, opens by itself, and closes again", async ({
  page,
  shop,
}, info) => {
  const { hours, opensAt } = later();
  await shop.change({ hours });
  await page.clock.install();
  const widget = await shop.open(page);
  await expect(widget.getByRole("heading", { name: "We are closed right now" })).toBeVisible();
  const call = widget.getByRole("button", { name: "Call now" });
  await expect(call).toBeDisabled();
  const words = await widget.evaluate(
    (at) => new Intl.DateTimeFormat("en", { hour: "numeric", minute: "2-digit" }).format(at),
    opensAt.getTime(),
  );
  await expect(widget.getByText("You can call us again from")).toContainText(words);
  await page.screenshot({ path: info.outputPath("closed.png") });

  await page.clock.runFor(opensAt.getTime() - Date.now() - 5 * MINUTE);
  await expect(call).toBeDisabled();
  await page.clock.runFor(10 * MINUTE);
  await expect(widget.getByRole("heading", { name: "Talk to us" })).toBeVisible();
  await expect(call).toBeEnabled();
  await page.clock.runFor(HOUR);
  await expect(widget.getByRole("heading", { name: "We are closed right now" })).toBeVisible();
});

test("hours that changed since the page was loaded are learned from the refusal", async ({
  page,
  shop,
}) => {
  const widget = await shop.open(page);
  await shop.change({ hours: later().hours });
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByText("We are closed right now.", { exact: true })).toBeVisible();
  await widget.getByRole("button", { name: "Try again" }).click();
  await expect(widget.getByText("You can call us again from")).toBeVisible();
});
