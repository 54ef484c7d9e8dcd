/** Korean. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "대기 중입니다.",
  position: (place) => `대기 순번: ${place}.`,
  wait: (time) => `예상 대기 시간: ${time}.`,
  transferred: "다른 담당자에게 연결되었습니다.",
};

export default texts;
