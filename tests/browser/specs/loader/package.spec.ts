/** The npm package, packed as it is published, in the hands of those who build with it. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { expect, type Page } from "@playwright/test";

import { sentences } from "../../support/loader.ts";
import { type Shop, test } from "../../support/shop.ts";
import { until } from "../../support/until.ts";

const WEB = join(import.meta.dirname, "../../../../web");
/** Beside the packages that an example's author has installed. */
const WORK = join(WEB, ".package");
const EXAMPLES = join(WORK, "examples");

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
let packed: Packed;

test.beforeAll(() => {
  execFileSync("node", ["scripts/package.mjs"], { cwd: WEB, stdio: "inherit" });
  [packed] = JSON.parse(readFileSync(join(WORK, "packed.json"), "utf8")) as [Packed];
  const installed = join(EXAMPLES, "node_modules/@bellpush/embed");
  rmSync(EXAMPLES, { recursive: true, force: true });
  cpSync(join(WEB, "embed/examples"), EXAMPLES, { recursive: true });
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["xzf", join(WORK, packed.filename), "-C", installed, "--strip-components=1"]);
});

/** Runs a program that an example's author has installed. */
function run(program: string, ...words: string[]): void {
  execFileSync(join(WEB, "node_modules/.bin", program), words, { cwd: EXAMPLES, stdio: "inherit" });
}

/** Builds an example with Vite and puts it on the shop's host, with this shop's names in it. */
function publish(shop: Shop, example: string, base = ""): void {
  const out = join(EXAMPLES, example, "dist");
  run("vite", "build", join(EXAMPLES, example), "--logLevel", "warn", "--base", "/");
  const ours = (text: string) =>
    text
      .replaceAll("https://calls.example.com", shop.server.url)
      .replaceAll("app_…", shop.appId)
      .replaceAll("wk_…", shop.key);
  for (const file of readdirSync(join(out, "assets"))) {
    shop.host.pages[`/assets/${file}`] = ours(readFileSync(join(out, "assets", file), "utf8"));
  }
  const html = readFileSync(join(out, "index.html"), "utf8");
  shop.host.html = ours(html.replace("<!--page-->", base));
}

test("what is published is the code, its types, and what belongs beside them", () => {
  const files = packed.files.map(({ path }) => path);
  const others = files.filter((path) => !path.startsWith("dist/types/")).sort();
  expect(others).toEqual([
    "LICENSE",
    "README.md",
    "dist/index.js",
    "dist/more.js",
    "dist/options.js",
    "dist/page.js",
    "dist/react.js",
    "dist/src.js",
    "dist/vue.js",
    "package.json",
  ]);
  const types = files.filter((path) => path.startsWith("dist/types/"));
  expect(types.every((path) => path.endsWith(".d.ts"))).toBe(true);
  const manifest = JSON.parse(readFileSync(join(WORK, "pack/package.json"), "utf8"));
  expect(manifest.dependencies).toBeUndefined();
  expect(JSON.stringify(manifest)).not.toContain("workspace");
});

test("the examples type-check against the package's own types", () => {
  run(
    "tsc",
    ...["--ignoreConfig", "--noEmit", "--strict", "--jsx", "react-jsx", "--module", "esnext"],
    ...["--moduleResolution", "bundler", "--target", "es2022", "--lib", "es2023,dom,dom.iterable"],
    ...["--allowImportingTsExtensions", "--types", "node"],
    ...["plain/main.ts", "react/main.tsx", "server/client.tsx", "server/page.tsx", "vue/main.ts"],
  );
});

test("it can be imported where there is no window, and does nothing there", () => {
  const script = `
    const { mount } = await import("@bellpush/embed");
    await import("@bellpush/embed/react");
    await import("@bellpush/embed/vue");
    const handle = mount(null, { app: "a", key: "k", host: "https://calls.example.com" });
    handle.call();
    handle.destroy();
    console.log(handle.state.name);`;
  const said = execFileSync("node", ["--input-type=module", "-e", script], {
    cwd: EXAMPLES,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(said.trim()).toBe("idle");
});

test("a page without a framework", async ({ page, shop }) => {
  publish(shop, "plain");
  await page.goto(shop.host.origin);
  const loaded = await shop.sink.waitFor("widget_loaded");
  expect(loaded.event.data["context"]).toEqual({ orderId: "A-12345" });
  expect(await page.evaluate(() => window.length)).toBe(1);
});

for (const example of ["react", "vue"]) {
  test(`${example}: one button through every render, and the widget in its place`, async ({
    page,
    shop,
  }) => {
    publish(shop, example);
    await useTheShop(page, shop);
  });
}

test("React rendered by a server is hydrated without a complaint", async ({ page, shop }) => {
  const script = `
    import { build } from "vite";
    await build({ root: "server", logLevel: "warn", build: { ssr: "page.tsx", outDir: "rendered" } });
    const { page } = await import(process.cwd() + "/server/rendered/page.js");
    console.log(page());`;
  const rendered = execFileSync("node", ["--input-type=module", "-e", script], {
    cwd: EXAMPLES,
    encoding: "utf8",
  });
  const html = rendered.slice(rendered.indexOf("<div"));
  expect(html).toContain("Order A-");
  publish(shop, "server", html.trim());
  await useTheShop(page, shop);
});

/** What a visitor does in the example of the shop, whatever it is made with. */
async function useTheShop(page: Page, shop: Shop): Promise<void> {
  const said = sentences(page);
  await page.goto(shop.host.origin);
  const button = page.getByRole("button", { name: "Talk to us" });
  await expect(button).toBeVisible();
  const buttons = () => page.evaluate(() => document.querySelectorAll("bellpush-button").length);
  expect(await buttons()).toBe(1);
  await page.getByRole("button", { name: "Next order" }).click();
  await button.hover();
  const floating = await shop.sink.waitFor("widget_loaded");
  expect(floating.event.data["context"]).toEqual({ orderId: "A-2" });
  await page.getByRole("button", { name: "Show the widget here" }).click();
  await until("the page has heard of the widget", async () =>
    (await page.getByText("widget_loaded").count()) > 0,
  );
  expect(await buttons()).toBe(0);
  expect(await page.evaluate(() => window.length)).toBe(1);
  await page.getByRole("button", { name: "Use the floating button" }).click();
  await expect(button).toBeVisible();
  expect(await page.evaluate(() => window.length), "no frame is left").toBe(0);
  const wrong = said.filter((text) => /Bellpush:|uncaught|Warning|hydrat/i.test(text));
  expect(wrong).toEqual([]);
}
