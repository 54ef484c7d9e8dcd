/** Ukrainian. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Ви в черзі.",
  position: (place) => `Ваше місце в черзі: ${place}.`,
  wait: (time) => `Орієнтовний час очікування: ${time}.`,
  transferred: "Вас з’єднали з іншим співробітником.",
};

export default texts;
