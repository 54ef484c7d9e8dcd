/** Danish. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Du er i kø.",
  position: (place) => `Din plads i køen: ${place}.`,
  wait: (time) => `Forventet ventetid: ${time}.`,
  transferred: "Du er stillet om til en anden.",
};

export default texts;
