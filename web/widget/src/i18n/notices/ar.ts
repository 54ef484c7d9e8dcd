/** Arabic. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "أنت في قائمة الانتظار.",
  position: (place) => `رقمك في قائمة الانتظار: ${place}.`,
  wait: (time) => `وقت الانتظار المتوقع: ${time}.`,
  transferred: "تم تحويلك إلى شخص آخر.",
};

export default texts;
