/** How a design looks: theme, pictures, conditions, and a designer that shows its work. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "@playwright/test";

import { design, publish, saveDraft, tell, watchPolicies } from "../../support/design.ts";
import { test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

const EXAMPLE = join(import.meta.dirname, "../../../../web/embed/examples/page/designer.html");
const FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf";
const PALETTE = {
  accent: "#7a1f3d",
  onAccent: "#ffffff",
  danger: "#b3261e",
  onDanger: "#ffffff",
  canvas: "#fbf7f2",
  surface: "#fffdfa",
  text: "#261a17",
  textSoft: "#6a5750",
  line: "#8d7a72",
};
const CALL = { type: "call", label: "idle.call" } as const;
const words = (text: string) => ({ en: [{ text }] });
const THEME = {
  light: PALETTE,
  radius: 4,
  font: { stack: "serif", file: { family: "Own Serif", url: "https://font.example/own.woff2" } },
  logo: { src: "https://img.example/logo.svg", alt: { en: "The shop's logo" } },
};

test("a theme with font and pictures is put into force under the widget's policy", async ({
  page,
  shop,
}) => {
  const broken = await watchPolicies(page);
  await page.emulateMedia({ colorScheme: "light" });
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><rect width="60" height="20"/></svg>';
  await page.route("https://img.example/**", (route) =>
    route.fulfill({ contentType: "image/svg+xml", body: svg }),
  );
  await page.route("https://font.example/**", (route) =>
    route.fulfill({
      contentType: "font/woff2",
      headers: { "access-control-allow-origin": "*" },
      body: readFileSync(FONT),
    }),
  );
  const dark = { ...(design({})["theme"] as { dark: object }).dark };
  await publish(
    shop,
    design(
      {
        idle: [
          { type: "heading", text: { en: "Our own words" } },
          { type: "image", src: "https://img.example/team.svg", alt: { en: "Our team" }, width: 60 },
          { type: "divider" },
          CALL,
        ],
      },
      { theme: { ...THEME, dark } },
    ),
  );
  const widget = await shop.open(page);
  const call = widget.getByRole("button", { name: "Call now" });
  await expect(call).toHaveCSS("background-color", "rgb(122, 31, 61)");
  await expect(call).toHaveCSS("border-top-left-radius", "7px");
  await expect(call).toHaveCSS("font-family", /^"Own Serif"/);
  for (const name of ["The shop's logo", "Our team"]) {
    const picture = widget.getByRole("img", { name });
    await until(`${name} is there`, () =>
      picture.evaluate((image) => (image as HTMLImageElement).naturalWidth === 60),
    );
  }
  await until("the font is there", () =>
    widget.evaluate(() => [...document.fonts].some(({ status }) => status === "loaded")),
  );
  expect(broken).toEqual([]);
});

test("conditions follow what the page says, and what is unknown costs nothing", async ({
  page,
  shop,
}) => {
  await publish(
    shop,
    design({
      idle: [
        { type: "heading", text: "idle.title" },
        { type: "paragraph", rich: words("For gold"), when: { context: { customerTier: "gold" } } },
        { type: "paragraph", rich: words("With a cart"), when: { contextHas: ["cart"] } },
        { type: "paragraph", rich: words("In German"), when: { languages: ["de"] } },
        { type: "paragraph", rich: words("While closed"), when: { open: false } },
        CALL,
      ],
    }),
  );
  const widget = await shop.open(page, { lang: "en" });
  const shown = (text: string) => expect(widget.getByText(text));
  await shown("For gold").toBeVisible();
  for (const text of ["With a cart", "In German", "While closed"]) await shown(text).toHaveCount(0);

  await tell(widget, { command: "context", patch: { customerTier: null, cart: "3" } });
  await shown("With a cart").toBeVisible();
  await shown("For gold").toHaveCount(0);
  await tell(widget, { command: "language", language: "de-AT" });
  await shown("In German").toBeVisible();
  // Words of the design that are there in another language say so.
  await expect(widget.getByText("In German").locator("xpath=ancestor-or-self::*[@lang][1]")).toHaveAttribute("lang", "en");
  await widget.getByRole("button", { name: "Jetzt anrufen" }).click();
  await expect(widget.getByRole("heading", { name: "Verbunden" })).toBeVisible();
});

test("a designer shows another document and any state, in a preview alone", async ({
  page,
  shop,
}) => {
  const draft = design({ idle: [{ type: "heading", text: { en: "The draft" } }, CALL] });
  await saveDraft(shop, draft);
  const { token } = await shop.server.api<{ token: string }>(
    "POST",
    `/v1/apps/${shop.appId}/preview-tokens`,
  );
  // The page that the documentation shows, at an address of the server's own.
  const example = readFileSync(EXAMPLE, "utf8")
    .replaceAll("https://calls.example.com", shop.server.url)
    .replaceAll("app_…", shop.appId)
    .replaceAll("wk_…", shop.key)
    .replaceAll("pt_…", token);
  await page.route(`${shop.server.url}/designer.html`, (route) =>
    route.fulfill({ contentType: "text/html; charset=utf-8", body: example }),
  );
  const say = (name: "design" | "state", detail: unknown) =>
    page.evaluate(
      ({ name, detail }) => void document.dispatchEvent(new CustomEvent(name, { detail })),
      { name, detail },
    );
  await page.goto(`${shop.server.url}/designer.html`);
  const widget = await until("the preview is there", () =>
    page.frames().find((frame) => frame.url().includes(`/w/${shop.appId}?`)),
  );
  const heading = (name: string) => expect(widget.getByRole("heading", { name }));
  await heading("The draft").toBeVisible();

  await say("state", "ended");
  await heading("Call ended").toBeVisible();
  const next = design(
    {
      idle: [{ type: "heading", text: { en: "Being written" } }, { type: "hologram" }, CALL],
      ended: [{ type: "heading", text: { en: "Until soon" } }],
    },
    { theme: { ...(draft["theme"] as object), light: PALETTE } },
  );
  await say("design", next);
  await heading("Until soon").toBeVisible();
  await say("state", null);
  await heading("Being written").toBeVisible();
  await say("design", { states: {} });
  await heading("Being written").toBeVisible();
  await expect(widget.getByRole("button", { name: "Call now" })).toBeEnabled();

  const live = await shop.open(page);
  await tell(live, { command: "design", design: next });
  await tell(live, { command: "show", state: "ended" });
  await tell(live, { command: "language", language: "de" });
  await expect(live.getByRole("heading", { name: "Sprechen Sie mit uns" })).toBeVisible();
});
