/** Norwegian. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Du står i kø.",
  position: (place) => `Din plass i køen: ${place}.`,
  wait: (time) => `Forventet ventetid: ${time}.`,
  transferred: "Du er satt over til noen andre.",
};

export default texts;
