/** Portuguese. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Está na fila de espera.",
  position: (place) => `O seu lugar na fila: ${place}.`,
  wait: (time) => `Tempo de espera previsto: ${time}.`,
  transferred: "A chamada foi passada a outra pessoa.",
};

export default texts;
