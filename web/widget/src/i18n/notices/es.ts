/** Spanish. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Está en la cola de espera.",
  position: (place) => `Su puesto en la cola: ${place}.`,
  wait: (time) => `Espera prevista: ${time}.`,
  transferred: "Le han pasado con otra persona.",
};

export default texts;
