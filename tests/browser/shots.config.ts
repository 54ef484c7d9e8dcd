import base from "./playwright.config.ts";

/** Pictures of every state, for people to look at. */
export default { ...base, testDir: "shots", testMatch: "*.shots.ts", timeout: 600_000 };
