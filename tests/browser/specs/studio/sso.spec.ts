/** Single sign-on: by a real provider in a real browser, and by one that gets things wrong. */

import { expect, type Page, test } from "@playwright/test";

import { type Server, startServer } from "../../support/server.ts";
import { type BrokenProvider, type Fault, startBrokenProvider } from "../../support/sso/broken.ts";
import { startProvider } from "../../support/sso/real.ts";

const SECRET = "studio-secret-of-the-tests";

let server: Server;

test.beforeEach(async () => {
  server = await startServer();
});

test.afterEach(async () => {
  await server.stop();
});

/** Makes a first owner, so that roles are not the last owner's, and sets single sign-on up. */
async function setUp(issuer: string, more: Record<string, unknown> = {}): Promise<void> {
  const token = /studio\/setup#token=(\S+)/.exec(server.log())?.[1];
  const owner = { token, name: "Olga", email: "olga@example.com", password: "tr4nquil-otter-quay" };
  await server.api("POST", "/v1/setup", owner);
  await change(issuer, more);
}

async function change(issuer: string, more: Record<string, unknown> = {}): Promise<void> {
  await server.api("PUT", "/v1/sign-in-settings", {
    sso: { name: "Provider", issuer, clientId: "studio", newMembers: "viewer", ...more },
    clientSecret: SECRET,
  });
}

const callback = () => `${server.url}/v1/sign-in/sso/callback`;

interface Me {
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly steppedUpUntil: string | null;
}

/** Goes to single sign-on for a page, and through the real provider's pages: where it is led then. */
async function goThrough(page: Page, account: string, returnTo: string): Promise<URL> {
  const query = new URLSearchParams({ returnTo });
  await page.goto(`${server.url}/v1/sign-in/sso?${query}`);
  await page.locator('input[name="login"]').fill(account);
  await page.locator('input[name="password"]').fill("any");
  await page.locator('button[type="submit"]').click();
  const back = page.waitForResponse((answer) => answer.url().startsWith(callback()));
  await page.locator('button[type="submit"]').click();
  const location = (await back).headers().location ?? "";
  // A page that does nothing by itself.
  await page.goto(`${server.url}/healthz`);
  return new URL(location, server.url);
}

async function me(page: Page): Promise<Me | null> {
  return page.evaluate(async () => {
    const answer = await fetch("/v1/me");
    return answer.ok ? ((await answer.json()) as Me) : null;
  });
}

test("one lands where one wanted to go, with query and fragment", async ({ page }) => {
  const provider = await startProvider(callback());
  await setUp(provider.issuer);
  const wanted = "/studio/apps?status=open#of-today";
  expect((await goThrough(page, "ada", wanted)).href).toBe(`${server.url}${wanted}`);
  expect(await me(page)).toMatchObject({
    email: "ada@example.com",
    name: "ada of the provider",
    role: "viewer",
  });
  provider.stop();
});

/** As the server answers where a proof is wanted. */
const PROOF_WANTED = {
  type: "urn:bellpush:problem:step-up-required",
  title: "Prove again who you are",
  status: 403,
  detail: "prove again who you are",
};

test("who has nothing but single sign-on proves by it again who sits there", async ({ page }) => {
  const provider = await startProvider(callback());
  await setUp(provider.issuer, { newMembers: "admin" });
  await goThrough(page, "ada", "/studio/apps");
  await page.goto(`${server.url}/studio/keys`);
  // As ten minutes later.
  await page.route("**/v1/api-keys", async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    await route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      body: JSON.stringify(PROOF_WANTED),
    });
  });
  await page.getByRole("button", { name: "New API key" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("A key");
  await dialog.getByLabel("calls", { exact: true }).selectOption("read");
  await dialog.getByRole("button", { name: "New API key" }).click();
  const question = page.getByRole("dialog", { name: "Is it still you?" });
  await expect(question.getByText("sign in again")).toBeVisible();
  await expect(question.getByLabel("Password")).toBeHidden();
  const before = await me(page);
  const back = page.waitForResponse((answer) => answer.url().startsWith(callback()));
  await question.getByRole("link", { name: "With Provider" }).click();
  expect(new URL((await back).headers().location ?? "", server.url).pathname).toBe("/studio/keys");
  await expect(page.getByRole("heading", { name: "API keys", level: 1 })).toBeVisible();
  const after = await me(page);
  expect(after?.steppedUpUntil ?? "").not.toBe("");
  expect((after?.steppedUpUntil ?? "") > (before?.steppedUpUntil ?? "")).toBe(true);
  provider.stop();
});

test("no page but of the server's own is gone to", async ({ page }) => {
  const provider = await startProvider(callback());
  await setUp(provider.issuer);
  const end = await goThrough(page, "ada", "//evil.example/studio/");
  expect(end.href).toBe(`${server.url}/studio/`);
  provider.stop();
});

for (const [clock, words] of [
  ["+5m", "ahead of"],
  ["-5m", "behind"],
] as const) {
  test(`a provider whose clock is ${clock} is told by how much`, async ({ page }) => {
    const provider = await startProvider(callback(), clock);
    await setUp(provider.issuer);
    const { pathname, searchParams } = await goThrough(page, "ada", "/studio/apps");
    expect([pathname, searchParams.get("problem")]).toEqual(["/studio/sign-in", "sso-clocks"]);
    const detail = searchParams.get("detail") ?? "";
    const seconds = Number(/is (\d+) s /.exec(detail)?.[1]);
    expect(detail).toContain(words);
    expect(Math.abs(seconds - 300)).toBeLessThan(15);
    expect(await me(page)).toBeNull();
    provider.stop();
  });
}

test("a clock that is half a minute off is good enough", async ({ page }) => {
  const provider = await startProvider(callback(), "+40s");
  await setUp(provider.issuer);
  await goThrough(page, "ada", "/studio/apps");
  expect(await me(page)).toMatchObject({ email: "ada@example.com" });
  provider.stop();
});

test("groups say the role each time, but the last owner stays one", async ({ page }) => {
  const provider = await startProvider(callback());
  const groups = [
    { group: "all", role: "viewer" },
    { group: "ops", role: "admin" },
  ];
  await setUp(provider.issuer, { mapGroups: true, groups });
  await goThrough(page, "ops-eve", "/studio/");
  expect(await me(page)).toMatchObject({ role: "admin" });

  await page.context().clearCookies();
  await goThrough(page, "olga", "/studio/");
  expect(await me(page)).toMatchObject({ name: "Olga", role: "owner" });
  provider.stop();
});

/** Goes through single sign-on by a provider that asks nothing, and tells where it ends. */
async function walk(jar = new Map<string, string>()): Promise<{ end: URL; me: Me | null }> {
  const own = new URL(server.url).origin;
  let url = new URL("/v1/sign-in/sso?returnTo=/studio/calls", server.url);
  for (let step = 0; step < 5; step += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = url.origin === own && cookie !== "" ? { cookie } : {};
    const answer = await fetch(url, { redirect: "manual", headers });
    for (const set of answer.headers.getSetCookie()) {
      const [pair = ""] = set.split(";");
      jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    const next = answer.headers.get("location");
    if (next === null) break;
    url = new URL(next, url);
    if (url.pathname.startsWith("/studio")) break;
  }
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const who = await fetch(`${server.url}/v1/me`, { headers: { cookie } });
  return { end: url, me: who.ok ? ((await who.json()) as Me) : null };
}

test.describe("a provider that gets things wrong", () => {
  let provider: BrokenProvider;

  test.beforeEach(async () => {
    provider = await startBrokenProvider();
    await setUp(provider.issuer);
  });

  test.afterEach(() => provider.stop());

  test("lets nobody in by any of its faults", async () => {
    const faults: [Fault, string][] = [
      ["audience", "sso-untrusted"],
      ["issuer", "sso-untrusted"],
      ["nonce", "sso-untrusted"],
      ["no nonce", "sso-untrusted"],
      ["signature", "sso-untrusted"],
      ["algorithm none", "sso-untrusted"],
      ["algorithm HS256", "sso-untrusted"],
      ["key id", "sso-untrusted"],
      ["no token", "sso-untrusted"],
      ["expired", "sso-clocks"],
      ["from the future", "sso-clocks"],
      ["from the past", "sso-clocks"],
      ["email not verified", "sso-email-unverified"],
    ];
    for (const [fault, problem] of faults) {
      provider.fault = fault;
      const { end, me } = await walk();
      expect([fault, end.pathname, end.searchParams.get("problem"), me]).toEqual([
        fault,
        "/studio/sign-in",
        problem,
        null,
      ]);
    }
    provider.fault = "none";
    const { end, me } = await walk();
    expect([end.pathname, me?.email]).toEqual(["/studio/calls", "ben@example.com"]);
  });

  test("may change its keys at any time", async () => {
    expect((await walk()).me?.email).toBe("ben@example.com");
    provider.rotate();
    expect((await walk()).me?.email).toBe("ben@example.com");
  });

  test("means the same person by its own name for them, whatever their address", async () => {
    const first = await walk();
    provider.email = "ben.moved@example.com";
    const second = await walk();
    expect(second.me).toMatchObject({ email: "ben@example.com", role: first.me?.role });
    // Somebody else with the address of a member is linked by it, since it is verified.
    provider.subject = "another";
    provider.email = "olga@example.com";
    expect((await walk()).me).toMatchObject({ name: "Olga", role: "owner" });
  });

  test("takes nobody over by an address that is not verified", async () => {
    provider.subject = "mallory";
    provider.email = "olga@example.com";
    provider.fault = "email not verified";
    expect((await walk()).me).toBeNull();
  });

  test("signs no browser in that did not ask", async () => {
    const begun = await fetch(`${server.url}/v1/sign-in/sso`, { redirect: "manual" });
    const asked = await fetch(begun.headers.get("location") ?? "", { redirect: "manual" });
    const back = asked.headers.get("location") ?? "";
    const answer = await fetch(back, { redirect: "manual" });
    expect(answer.headers.get("location")).toContain("problem=sso-interrupted");
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test("keeps addresses of other domains and people without a role out", async () => {
    const sso = { name: "Provider", issuer: provider.issuer, clientId: "studio" };
    const put = (settings: unknown) => server.api("PUT", "/v1/sign-in-settings", settings);
    await put({ sso: { ...sso, newMembers: "viewer" }, allowedEmailDomains: ["other.example"] });
    expect((await walk()).end.searchParams.get("problem")).toBe("sso-domain");
    await put({ sso });
    expect((await walk()).end.searchParams.get("problem")).toBe("sso-no-member");
    await put({ sso: { ...sso, mapGroups: true, groups: [{ group: "ops", role: "admin" }] } });
    expect((await walk()).end.searchParams.get("problem")).toBe("sso-no-role");
    provider.groups = ["ops"];
    expect((await walk()).me).toMatchObject({ role: "admin" });
  });

  test("is the only way in where that is enforced", async () => {
    provider.email = "olga@example.com";
    const jar = new Map<string, string>();
    expect((await walk(jar)).me).toMatchObject({ role: "owner" });
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const settings = await fetch(`${server.url}/v1/sign-in-settings`, {
      method: "PUT",
      headers: { cookie, origin: server.url, "content-type": "application/json" },
      body: JSON.stringify({
        requireSso: true,
        sso: { name: "Provider", issuer: provider.issuer, clientId: "studio" },
      }),
    });
    expect(settings.status).toBe(200);
    const password = await fetch(`${server.url}/v1/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "olga@example.com", password: "tr4nquil-otter-quay" }),
    });
    expect(await password.json()).toMatchObject({ type: "urn:bellpush:problem:sso-required" });
  });
});
