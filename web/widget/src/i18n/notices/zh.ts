/** Chinese. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "您正在排队等候。",
  position: (place) => `您的排队位置：${place}。`,
  wait: (time) => `预计等待时间：${time}。`,
  transferred: "已为您转接到其他人。",
};

export default texts;
