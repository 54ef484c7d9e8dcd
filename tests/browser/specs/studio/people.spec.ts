/** The first run, invitations, roles and keys in Call Studio. */

import { readFileSync } from "node:fs";

import { expect } from "@playwright/test";

import { inaccessibleInBoth, OWNER, setupLink, signIn, test, watch } from "../../support/studio.ts";

interface Named {
  readonly id: string;
}

test("from the printed link to a call, in three steps", async ({ page, server }) => {
  const faults = watch(page);
  const link = await setupLink(server);
  const begin = Date.now();
  await page.goto(link);
  await page.getByLabel("Name").fill(OWNER.name);
  await page.getByLabel("E-mail address").fill(OWNER.email);
  await page.getByLabel("Password", { exact: true }).fill("password12");
  await page.getByRole("button", { name: "Go on" }).click();
  // The password is refused with its reason, at its field, and nothing is lost.
  await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
  await expect(page.getByLabel("Name")).toHaveValue(OWNER.name);
  expect(page.url()).not.toContain("token");
  await page.getByLabel("Password", { exact: true }).fill(OWNER.password);
  await page.getByRole("button", { name: "Go on" }).click();

  await expect(page.getByText("Where will people call you from?")).toBeVisible();
  await page.getByLabel("Name", { exact: true }).fill("Corner Shop");
  await page.getByLabel("Address of the site").fill("https://shop.example/");
  await page.getByRole("button", { name: "Go on" }).click();

  const widget = page.frameLocator("iframe");
  await widget.getByRole("button", { name: "Call now" }).click();
  await expect(widget.getByRole("heading", { name: "Connected" })).toBeVisible();
  const events = page.getByRole("region", { name: "Events" });
  await expect(events.getByText("call_started")).toBeVisible();
  await widget.getByRole("button", { name: "Hang up" }).click();
  await expect(events.getByText("call_ended")).toBeVisible();
  await expect(page.getByText("That was a real call.")).toBeVisible();
  await page.getByRole("button", { name: "Go to Call Studio" }).click();
  await expect(page.getByRole("heading", { name: "Corner Shop", level: 1 })).toBeVisible();
  expect(Date.now() - begin, "it takes less than a minute").toBeLessThan(60_000);

  await page.goto(link);
  await page.reload();
  await expect(page.getByText("This link does not work any more")).toBeVisible();
  expect(faults).toEqual([]);
});

test("an invited viewer sees everything and changes nothing, and is told why", async ({
  studio: { page, server, open },
  browser,
}) => {
  const app = await server.api<Named>("POST", "/v1/apps", { name: "Shop" });
  await open("members");
  await page.getByRole("button", { name: "Invite somebody" }).click();
  await page.getByLabel("E-mail address").fill("vera@example.com");
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const link = await page.getByText(/#token=in_/).innerText();
  await page.getByRole("button", { name: "Close", exact: true }).last().click();
  await expect(page.getByText("vera@example.com")).toBeVisible();

  const viewer = await browser.newPage();
  const faults = watch(viewer);
  await viewer.goto(link);
  await expect(viewer.getByText("Ada Owner invites you to Call Studio as Viewer.")).toBeVisible();
  await viewer.getByLabel("Name").fill("Vera Viewer");
  const password = "seven-otters-in-a-row";
  await viewer.getByLabel("Password", { exact: true }).fill(password);
  await viewer.getByRole("button", { name: "Join" }).click();
  await expect(viewer.getByRole("heading", { name: "Apps", level: 1 })).toBeVisible();
  await viewer.goto(`${server.url}/studio/apps/${app.id}/settings`);
  await viewer.getByLabel("Language").fill("de");
  await expect(viewer.getByRole("note")).toContainText("settings:write");
  const save = viewer.getByRole("button", { name: "Save" });
  await expect(save).toHaveAttribute("data-disabled", "true");
  await viewer.getByLabel("Language").press("Enter");
  await expect(viewer.getByText("Saved", { exact: true })).toHaveCount(0);
  await expect(viewer.getByLabel("Language")).toHaveValue("de");
  // What stands outside of forms says so as well, and does nothing.
  const asked: string[] = [];
  viewer.on("request", (request) => request.method() !== "GET" && asked.push(request.url()));
  for (const [screen, act, scope] of [
    ["settings", "Make a key", "settings:write"],
    ["settings", "Delete the app", "apps:write"],
    ["design", "Publish", "design:write"],
    ["privacy", "Find", "privacy:read"],
  ] as const) {
    await viewer.goto(`${server.url}/studio/apps/${app.id}/${screen}`);
    const button = viewer.getByRole("button", { name: act, exact: true });
    await expect(button).toHaveAttribute("aria-disabled", "true");
    await button.focus();
    await expect(viewer.getByRole("tooltip").filter({ hasText: scope })).toBeVisible();
    await button.press("Enter");
  }
  await expect(viewer.getByRole("dialog")).toHaveCount(0);
  await viewer.goto(`${server.url}/studio/apps/${app.id}/forms`);
  await expect(viewer.getByRole("note")).toContainText("design:write");
  await viewer.getByRole("button", { name: "Add a block: Form" }).click();
  await expect(viewer.getByRole("button", { name: /^Remove Your name/ })).toHaveCount(0);
  expect(asked).toEqual([]);

  // What the owner does counts at once.
  await page.reload();
  await page.getByRole("button", { name: "Remove: Vera Viewer" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("Removed")).toBeVisible();
  await viewer.getByRole("link", { name: "Trunks" }).click();
  await expect(viewer.getByRole("dialog", { name: "You were signed out" })).toBeVisible();
  await signIn(viewer, { email: "vera@example.com", password });
  await expect(viewer.getByText("E-mail address and password don't fit.")).toBeVisible();
  expect(faults).toEqual([]);
  await viewer.close();

  await page.getByRole("link", { name: "Audit" }).click();
  await expect(page.getByRole("button", { name: "Member removed" })).toBeVisible();
  await page.getByLabel("Who", { exact: true }).fill("mem_of_nobody");
  await page.getByLabel("Who", { exact: true }).press("Enter");
  await expect(page).toHaveURL(/actorId=mem_of_nobody/);
  await expect(page.getByRole("button", { name: "Member removed" })).toHaveCount(0);

  // What the filters show as a file, and whether the trail is whole.
  await open("audit?action=member_removed");
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export these entries as CSV" }).click();
  const file = await (await coming).path();
  const lines = readFileSync(file, "utf8").trim().split(/\r?\n/);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain("member_removed");
  await page.getByRole("button", { name: "Check the trail" }).click();
  await expect(page.getByText(/^The trail is whole: \d+ entries/)).toBeVisible();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  // Who is not signed in any more gets no file that says so.
  await page.context().clearCookies();
  await page.getByRole("link", { name: "Export these entries as CSV" }).click();
  await expect(page.getByRole("dialog", { name: "You were signed out" })).toBeVisible();
});

test("a key with chosen scopes is shown once, does what it may, and is revoked at once", async ({
  studio: { page, server, open },
}) => {
  await server.api("POST", "/v1/apps", { name: "Shop" });
  await open("keys");
  await page.getByRole("button", { name: "New API key" }).first().click();
  await page.getByLabel("Name").fill("Order system");
  await page.getByLabel("apps", { exact: true }).selectOption("read");
  await page.getByRole("dialog").getByRole("button", { name: "New API key" }).click();
  const key = await page.getByText(/^bp_/).innerText();
  await page.getByRole("button", { name: "I have kept it" }).click();
  expect(await page.locator("body").innerText()).not.toContain(key);

  const ask = (method: string, body?: string) =>
    fetch(`${server.url}/v1/apps`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    }).then((answer) => answer.status);
  expect(await ask("GET")).toBe(200);
  expect(await ask("POST", '{"name":"Another"}')).toBe(403);
  await page.getByRole("button", { name: "Revoke: Order system" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("The key is revoked")).toBeVisible();
  expect(await ask("GET")).toBe(401);
});
