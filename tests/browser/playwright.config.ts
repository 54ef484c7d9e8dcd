import { defineConfig } from "@playwright/test";

/** The browser is Debian's: Playwright's own download is not needed. */
const executablePath = process.env["BELLPUSH_CHROMIUM"] ?? "/usr/bin/chromium";

/** Where nothing is listened to: Call Studio, pictures of the widget's states, and how it is embedded. */
const SILENT = [
  "**/{studio,design,embedding}/*.spec.ts",
  "**/people/{barriers,keyboard,zoom}.spec.ts",
  "**/loader/{call,check,examples,finds-itself,firefox,package}.spec.ts",
  "**/faults/session.spec.ts",
  "**/specs/{boundaries,code-origin,first-screen,hours,proof,refusals}.spec.ts",
];

const CI = process.env["CI"] !== undefined;

export default defineConfig({
  testDir: "specs",
  // One test at a time where sound is judged, since the machine's cores are few and media must not stutter; those that
  // mostly wait two at a time. After the other (`npm test`), or beside it and the Rust tests (`cargo xtask test`), where
  // they get what these leave of the cores: for a while that may be next to nothing.
  projects: [
    { name: "heard", testIgnore: SILENT, workers: 1 },
    { name: "silent", testMatch: SILENT, workers: 2, timeout: 120_000, retries: CI ? 2 : 0 },
  ],
  workers: 2,
  fullyParallel: false,
  forbidOnly: CI,
  // Calls in real time on a shared machine: a test that passes at the second attempt is reported as flaky.
  retries: CI ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  globalSetup: "./support/tone.ts",
  use: {
    browserName: "chromium",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--autoplay-policy=no-user-gesture-required",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        "--use-file-for-fake-audio-capture=/tmp/bellpush-browser-tests-tone.wav",
      ],
    },
  },
});
