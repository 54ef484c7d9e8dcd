/** Swedish. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Du står i kö.",
  position: (place) => `Din plats i kön: ${place}.`,
  wait: (time) => `Beräknad väntetid: ${time}.`,
  transferred: "Du har kopplats vidare till någon annan.",
};

export default texts;
