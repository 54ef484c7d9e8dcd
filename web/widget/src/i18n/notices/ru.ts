/** Russian. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Вы в очереди.",
  position: (place) => `Ваше место в очереди: ${place}.`,
  wait: (time) => `Примерное время ожидания: ${time}.`,
  transferred: "Вас соединили с другим сотрудником.",
};

export default texts;
