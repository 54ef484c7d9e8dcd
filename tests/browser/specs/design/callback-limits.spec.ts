/** More call-back requests than the server takes from one address: its own refusal, in the visitor's words. */

import { expect } from "@playwright/test";

import { design, publish } from "../../support/design.ts";
import { test } from "../../support/shop.ts";

test.use({ serverOptions: ["--calls-per-minute", "1"] });

test("whoever asks more often than is allowed is told to wait, and keeps what was written", async ({
  page,
  shop,
}) => {
  const closed = [
    { type: "heading", text: "closed.title" },
    { type: "callback", contact: "phone" },
  ];
  await publish(shop, design({ closed }));
  await shop.change({ hours: { timeZone: "UTC" } });
  const statuses: number[] = [];
  page.on("response", (response) => {
    if (response.url().endsWith("/v1/widget/callbacks")) statuses.push(response.status());
  });
  const ask = async () => {
    const widget = await shop.open(page);
    await widget.getByRole("textbox", { name: "Phone number" }).fill("+1 555 0100");
    await widget.getByRole("button", { name: "Ask for a call" }).click();
    return widget;
  };
  const first = await ask();
  await expect(first.getByText("We will get back to you.")).toBeVisible();
  const second = await ask();
  await expect(second.getByRole("alert").filter({ hasText: "Please wait a minute" })).toBeVisible();
  await expect(second.getByRole("textbox", { name: "Phone number" })).toHaveValue("+1 555 0100");
  expect(statuses.map((status) => status < 300 || status)).toEqual([true, 429]);
});
