import base from "./playwright.config.ts";

/** The figures of docs/performance.md that need a browser. */
export default { ...base, projects: [{ name: "bench" }], workers: 1, testDir: "bench", testMatch: "*.bench.ts", timeout: 180_000 };
