/** Dutch. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "U staat in de wachtrij.",
  position: (place) => `Uw plaats in de wachtrij: ${place}.`,
  wait: (time) => `Verwachte wachttijd: ${time}.`,
  transferred: "U bent doorverbonden met iemand anders.",
};

export default texts;
