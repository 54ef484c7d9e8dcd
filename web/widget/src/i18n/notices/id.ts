/** Indonesian. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Anda sedang dalam antrean.",
  position: (place) => `Nomor antrean Anda: ${place}.`,
  wait: (time) => `Perkiraan waktu tunggu: ${time}.`,
  transferred: "Anda disambungkan ke orang lain.",
};

export default texts;
