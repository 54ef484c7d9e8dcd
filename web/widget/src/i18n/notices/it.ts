/** Italian. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "È in coda.",
  position: (place) => `Il Suo posto in coda: ${place}.`,
  wait: (time) => `Attesa prevista: ${time}.`,
  transferred: "La chiamata è stata passata a un’altra persona.",
};

export default texts;
