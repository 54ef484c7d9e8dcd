import base from "./playwright.config.ts";

/** Pictures of every state, for people to look at. */
export default { ...base, projects: [{ name: "shots" }], workers: 1, testDir: "shots", testMatch: "*.shots.ts", timeout: 600_000 };
