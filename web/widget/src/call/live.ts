/** What a call needs once it is live: loaded then, so that it keeps no call waiting. */

export { createDevices, type Devices } from "./devices.ts";
export { createHealth, type Health, type Quality } from "./health.ts";
