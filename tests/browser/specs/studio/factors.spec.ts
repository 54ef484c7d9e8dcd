/** Second factors in Call Studio: an authenticator app, backup codes, passkeys, and proving it again. */

import { expect, type Page } from "@playwright/test";

import { inaccessibleInBoth, OWNER, signIn, test } from "../../support/studio.ts";
import { totp } from "../../support/totp.ts";

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Account and appearance" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Call Studio" })).toBeVisible();
}

test("an authenticator app is set up, asked for, and replaced by a backup code once", async ({
  studio: { page, open },
}) => {
  await open("account");
  await page.getByRole("button", { name: "Set it up" }).click();
  const dialog = page.getByRole("dialog", { name: "Authenticator app" });
  const secret = await dialog.getByText(/^[A-Z2-7]{16,}$/).innerText();
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await dialog.getByLabel("Code").fill("000000");
  await dialog.getByRole("button", { name: "Use it from now on" }).click();
  await expect(dialog.getByLabel("Code")).toHaveAttribute("aria-invalid", "true");
  await dialog.getByLabel("Code").fill(totp(secret));
  await dialog.getByRole("button", { name: "Use it from now on" }).click();
  const codes = page.getByRole("dialog", { name: "Backup codes" });
  const [first = ""] = (await codes.getByRole("group", { name: "Backup codes" }).innerText()).split("\n");
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("In use", { exact: true })).toBeVisible();

  await signOut(page);
  await signIn(page, OWNER);
  await page.getByLabel("Code").fill(first);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();

  await signOut(page);
  await signIn(page, OWNER);
  await page.getByLabel("Code").fill(first);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByLabel("Code")).toHaveAttribute("aria-invalid", "true");
});

test("a passkey is added, and signs in by itself", async ({ studio: { page, open } }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await open("account");
  await page.getByLabel("What is it on?").fill("Laptop");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(page.getByText("The passkey is added")).toBeVisible();
  await expect(page.getByText("Laptop")).toBeVisible();

  await signOut(page);
  expect(await inaccessibleInBoth(page)).toEqual([]);
  await page.getByRole("button", { name: "With a passkey" }).click();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
  await page.getByRole("button", { name: "Remove Laptop" }).click();
  await expect(page.getByText("None yet.")).toBeVisible();
});
