/** Texts of a far side's notices, in English: the model for all other languages. */
const en = {
  queued: "You are in a queue.",
  position: (place: string) => `Your place in the queue: ${place}.`,
  wait: (time: string) => `Expected wait: ${time}.`,
  transferred: "You were put through to someone else.",
};

export default en;
