/** French. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Vous êtes dans la file d’attente.",
  position: (place) => `Votre place dans la file d’attente : ${place}.`,
  wait: (time) => `Attente estimée : ${time}.`,
  transferred: "Votre appel a été transféré à une autre personne.",
};

export default texts;
