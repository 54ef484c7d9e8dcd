/** Hebrew. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "השיחה ממתינה בתור.",
  position: (place) => `המקום שלך בתור: ${place}.`,
  wait: (time) => `זמן המתנה משוער: ${time}.`,
  transferred: "השיחה הועברה לאדם אחר.",
};

export default texts;
