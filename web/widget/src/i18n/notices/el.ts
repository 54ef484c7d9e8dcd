/** Greek. */

import type { NoticeTexts } from "./index.ts";

const texts: NoticeTexts = {
  queued: "Βρίσκεστε σε αναμονή.",
  position: (place) => `Η σειρά σας στην αναμονή: ${place}.`,
  wait: (time) => `Εκτιμώμενος χρόνος αναμονής: ${time}.`,
  transferred: "Συνδεθήκατε με άλλο άτομο.",
};

export default texts;
