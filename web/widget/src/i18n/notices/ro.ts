/** Romanian. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Sunteți în așteptare.",
  position: (place) => `Locul dumneavoastră la rând: ${place}.`,
  wait: (time) => `Timp de așteptare estimat: ${time}.`,
  transferred: "Apelul a fost transferat către altcineva.",
};

export default texts;
