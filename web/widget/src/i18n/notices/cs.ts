/** Czech. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Jste ve frontě.",
  position: (place) => `Vaše pořadí ve frontě: ${place}.`,
  wait: (time) => `Předpokládaná doba čekání: ${time}.`,
  transferred: "Váš hovor byl přepojen na někoho jiného.",
};

export default texts;
