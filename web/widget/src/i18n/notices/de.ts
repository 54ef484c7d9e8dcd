/** German. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Sie sind in der Warteschlange.",
  position: (place) => `Ihr Platz in der Warteschlange: ${place}.`,
  wait: (time) => `Voraussichtliche Wartezeit: ${time}.`,
  transferred: "Sie wurden weiterverbunden.",
};

export default texts;
