/** Call Studio in a browser: signed in, with every violation of its policy and every error kept. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { test as base, type BrowserContext, expect, type Page } from "@playwright/test";

import { type Server, startServer } from "./server.ts";
import { until } from "./until.ts";

/** Who owns the installation of a test. */
export const OWNER = {
  name: "Ada Owner",
  email: "ada@example.com",
  password: "quiet-lantern-over-9-hills",
};

export interface Studio {
  readonly server: Server;
  readonly page: Page;
  /** Opens a screen below `/studio/`, signing in where that is asked for. */
  readonly open: (path: string) => Promise<void>;
  /** What went wrong in the page, which nothing on the screen need show. */
  readonly faults: string[];
}

export const test = base.extend<{ server: Server; studio: Studio }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names out of the pattern
  server: async ({}, use) => {
    const server = await startServer();
    await use(server);
    await server.stop();
  },
  studio: async ({ page, server }, use) => {
    const faults = watch(page);
    await use({ server, page, faults, open: (path) => open(page, server, path) });
    expect(faults, "the policy was kept, and nothing was thrown").toEqual([]);
  },
});

/** Keeps violations of policies, and what is thrown. */
export function watch(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (text.includes("Content Security Policy")) faults.push(`policy: ${text}`);
  });
  return faults;
}

/** Opens a screen as the owner, whose browser was signed in before. */
export async function open(page: Page, server: Server, path: string): Promise<void> {
  await signInOwner(page.context(), server);
  await page.goto(`${server.url}/studio/${path}`);
  await expect(page.locator("main#content")).toBeVisible();
}

/** The link by which the first owner is made, as the server has printed it. */
export function setupLink(server: Server): Promise<string> {
  return until("the server prints the link", () => /http\S+#token=su_\S+/.exec(server.log())?.[0]);
}

const owners = new WeakMap<Server, Promise<string>>();

/** Makes the owner once for a server, and gives the browser their cookie. */
export async function signInOwner(context: BrowserContext, server: Server, at = server.url) {
  const made = owners.get(server) ?? makeOwner(server);
  owners.set(server, made);
  const [name = "", ...value] = (await made).split("=");
  await context.addCookies([{ name, value: value.join("="), url: at, sameSite: "Lax" }]);
}

async function makeOwner(server: Server): Promise<string> {
  const token = (await setupLink(server)).split("#token=")[1];
  const answer = await fetch(`${server.url}/v1/setup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, ...OWNER }),
  });
  if (!answer.ok) throw new Error(`no owner was made: ${answer.status} ${await answer.text()}`);
  const [cookie = ""] = answer.headers.getSetCookie();
  return cookie.split(";")[0] ?? "";
}

export async function signIn(page: Page, who: { email: string; password: string }): Promise<void> {
  await page.getByLabel("E-mail address").fill(who.email);
  await page.getByLabel("Password", { exact: true }).fill(who.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Waits until a screen has loaded all of its parts. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** Waits until nothing changes its colour or place any more: what is half-way there has a contrast of its own. */
async function still(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    const moving = () =>
      document
        .getAnimations()
        .filter((it) => it.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
    // What follows from a change begins with the frame that draws it.
    await frame();
    await frame();
    for (let all = moving(); all.length > 0; all = moving()) {
      await Promise.allSettled(all.map((it) => it.finished));
      await frame();
    }
  });
}

/** What axe-core finds on the screen, a line each. */
export async function inaccessible(page: Page): Promise<string[]> {
  await still(page);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run(options: object): Promise<AxeResult> } }).axe.run({
      resultTypes: ["violations"],
      // The widget has tests of its own.
      iframes: false,
    }),
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ""}`),
  );
}

/** The same in the light and in the dark theme. */
export async function inaccessibleInBoth(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    found.push(...(await inaccessible(page)).map((one) => `${colorScheme}: ${one}`));
  }
  return found;
}

/** What stands where no screen is. */
export const NOWHERE = "There is nothing at this address";

/** As much of the router as tells whether it has arrived. */
interface Router {
  readonly state: { readonly status: "idle" | "pending"; readonly resolvedLocation?: object };
}

/** Goes to a screen as a link would, without a reload, and waits until it is that one which is there. */
export async function go(page: Page, path: string): Promise<void> {
  const url = await page.evaluate((to) => {
    const routed = window as unknown as { __TSR_ROUTER__: Router; left: object | undefined };
    routed.left = routed.__TSR_ROUTER__.state.resolvedLocation;
    const next = new URL(to, document.baseURI);
    history.pushState({}, "", next);
    dispatchEvent(new PopStateEvent("popstate"));
    return next.href;
  }, path);
  expect(url.endsWith(`/studio/${path}`), url).toBe(true);
  await page.waitForFunction(() => {
    const routed = window as unknown as { __TSR_ROUTER__: Router; left: object | undefined };
    const { status, resolvedLocation } = routed.__TSR_ROUTER__.state;
    return status === "idle" && resolvedLocation !== routed.left;
  });
  await settled(page);
}
