/** Turkish. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Sıradasınız.",
  position: (place) => `Sıradaki yeriniz: ${place}.`,
  wait: (time) => `Tahmini bekleme süresi: ${time}.`,
  transferred: "Başka birine aktarıldınız.",
};

export default texts;
