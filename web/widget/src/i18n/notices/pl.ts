/** Polish. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Czekasz w kolejce.",
  position: (place) => `Miejsce w kolejce: ${place}.`,
  wait: (time) => `Przewidywany czas oczekiwania: ${time}.`,
  transferred: "Przełączono rozmowę do innej osoby.",
};

export default texts;
