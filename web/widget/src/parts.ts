/**
 * What is not on the screen at first, and can be needed at any moment after that: loaded as soon as
 * the first screen is there.
 */

export { createAttempts } from "./attempts.ts";
export { copy } from "./copy.ts";
export { guardClicks } from "./gesture.ts";
export { Again, explain } from "./screens/Again.tsx";
export { Calling, titleOf } from "./screens/Calling.tsx";
export { createTabs } from "./tabs.ts";
export { keepFocus } from "./ui/focus.ts";

export type Parts = typeof import("./parts.ts");
