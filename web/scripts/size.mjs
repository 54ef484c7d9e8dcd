// Compares the built files, as the server sends them, with the budgets, and fails when one is passed.
// @ts-check
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const KB = 1024;

/** @param {string} file */
const size = (file) => statSync(`${dist}${file}.br`).size;

const manifest = JSON.parse(readFileSync(`${dist}widget/manifest.json`, "utf8"));

// The document as the server sends it, with the design of an app that has none of its own, and the rest
// of the configuration in its usual length.
const schemas = fileURLToPath(new URL("../../crates/bellpush-core/schemas/", import.meta.url));
const { theme: _, ...design } = JSON.parse(readFileSync(`${schemas}design.default.json`, "utf8"));
const config = {
  appId: "app_01920000000070008000000000000001",
  key: "wk_kP3vZqN8xLrT6yWbHcJ2mDfGsA9eU4oQiXtR1nVzB7w",
  preview: false,
  serverTime: "2026-03-01T09:30:00.000Z",
  language: null,
  defaultLanguage: "en",
  theme: "auto",
  context: { orderId: "A-12345", customerTier: "gold" },
  session: null,
  destination: null,
  allowedOrigins: ["https://www.shop.example", "https://shop.example"],
  design,
  designVersion: null,
  extras: false,
  consentHashes: {},
  codeUrl: null,
  hours: { open: true, changes: ["2026-03-01T17:00:00Z", "2026-03-02T08:00:00Z"] },
};
const html = `<!doctype html><html lang="en" data-theme="auto"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Call</title>
<link rel="stylesheet" nonce="${"n".repeat(24)}" href="/${manifest.css}">
<script type="application/json" id="bellpush-config" nonce="${"n".repeat(24)}">${JSON.stringify(config)}</script>
<script type="module" nonce="${"n".repeat(24)}" src="/${manifest.js}"></script>
<script type="module" nonce="${"n".repeat(24)}" src="/embed/visit.js"></script></head>
<body><div id="bellpush"></div></body></html>`;

const assets = readdirSync(`${dist}widget/assets`).filter((name) => !name.endsWith(".br"));
/** What a part adds when it is loaded: its script and its style. @param {string} part */
const added = (part) =>
  assets
    .filter((name) => name.startsWith(`${part}-`))
    .reduce((sum, name) => sum + size(`widget/assets/${name}`), 0);
const loader = size("embed.js");
const firstPaint = gzipSync(html).length + size(manifest.js) + size(manifest.css);
/** Each visitor loads one language at most. */
const language = Math.max(
  ...assets.filter((name) => /^[a-z]{2}-/.test(name)).map((name) => size(`widget/assets/${name}`)),
);
const wordsOfForms = Math.max(
  ...assets
    .filter((name) => name.startsWith("words-of-forms-"))
    .map((name) => size(`widget/assets/${name}`)),
);
/** Parts that every call loads. */
const CALL = ["parts", "call", "Keypad"];
const liveCall = firstPaint + CALL.reduce((sum, part) => sum + added(part), 0);

/** @type {{ js: string, preload: string[], screens: { name: string, js: string[] }[] }} */
const studio = JSON.parse(readFileSync(`${dist}studio/manifest.json`, "utf8"));
/** @param {string[]} files */
const studioSize = (files) => files.reduce((sum, file) => sum + size(`studio/${file}`), 0);
/** Editors of code, which a screen loads after it is shown, once for all of them. */
const EDITORS = ["CodeField", "RawDiff"];
/** @param {boolean} isEditor */
const largest = (isEditor) =>
  Math.max(
    ...studio.screens
      .filter(({ name }) => EDITORS.includes(name) === isEditor)
      .map(({ js }) => studioSize(js)),
  );

const budgets = [
  { name: "loader", bytes: loader, budget: 4 * KB },
  { name: "widget, first paint", bytes: firstPaint, budget: 20 * KB },
  { name: "widget, to a live call", bytes: liveCall, budget: 30 * KB },
  { name: "loader, what few need", bytes: size("embed/more.js"), budget: 2 * KB },
  { name: "check", bytes: size("embed/check.js") + size("embed/check-frame.js"), budget: 4 * KB },
  { name: "visit", bytes: size("embed/visit.js"), budget: KB },
  { name: "sandbox bridge", bytes: size(manifest.sandbox), budget: 2 * KB },
  { name: "console of custom code", bytes: size(manifest.console), budget: 1 * KB },
  { name: "custom code", bytes: added("host"), budget: 2 * KB },
  { name: "advice", bytes: added("advice"), budget: 1 * KB },
  { name: "devices, warnings", bytes: added("live") + added("stats"), budget: 3 * KB },
  { name: "take-over", bytes: added("moving"), budget: 2 * KB },
  { name: "largest language", bytes: language, budget: 3 * KB },
  { name: "design", bytes: added("extras"), budget: 4 * KB },
  { name: "forms", bytes: added("forms"), budget: 5 * KB },
  { name: "largest language, forms", bytes: wordsOfForms, budget: 1 * KB },
  { name: "designer", bytes: added("designer"), budget: 3 * KB },
  { name: "survey", bytes: added("Survey"), budget: 2 * KB },
  { name: "device menu", bytes: added("DeviceMenu"), budget: 1 * KB },
  { name: "proof of work", bytes: added("proof") + added("worker"), budget: 1 * KB },
  {
    name: "Studio, first load",
    bytes: studioSize([studio.js, ...studio.preload]),
    budget: 250 * KB,
  },
  { name: "Studio, largest screen", bytes: largest(false), budget: 100 * KB },
  { name: "Studio, editors of code", bytes: largest(true), budget: 150 * KB },
];
if (process.argv.includes("--json")) {
  const [, , , ...parts] = budgets;
  const lazy = Object.fromEntries(parts.map(({ name, bytes }) => [name, bytes]));
  console.log(JSON.stringify({ loader, firstPaint, liveCall, lazy }, null, 2));
} else {
  for (const { name, bytes, budget } of budgets) {
    const mark = bytes <= budget ? "ok" : "TOO LARGE";
    const size = `${(bytes / KB).toFixed(2).padStart(6)} KB of ${budget / KB} KB`;
    console.log(`${name.padEnd(24)} ${size}  ${mark}`);
  }
}
process.exitCode = budgets.some(({ bytes, budget }) => bytes > budget) ? 1 : 0;
