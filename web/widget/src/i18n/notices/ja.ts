/** Japanese. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "順番にお待ちいただいています。",
  position: (place) => `お待ちの順番：${place}番目`,
  wait: (time) => `予想待ち時間：${time}`,
  transferred: "別の担当者におつなぎしました。",
};

export default texts;
