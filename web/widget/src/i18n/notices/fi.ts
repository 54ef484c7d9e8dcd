/** Finnish. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Olet jonossa.",
  position: (place) => `Paikkasi jonossa: ${place}.`,
  wait: (time) => `Arvioitu odotusaika: ${time}.`,
  transferred: "Puhelusi yhdistettiin toiselle henkilölle.",
};

export default texts;
