/** Hungarian. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Hívása várakozik.",
  position: (place) => `Helye a sorban: ${place}.`,
  wait: (time) => `Várható várakozási idő: ${time}.`,
  transferred: "Átkapcsolták egy másik munkatárshoz.",
};

export default texts;
