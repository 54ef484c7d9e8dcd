/** What the server is told of a live call: in the order in which it happened, and again until it has it. */

import { request } from "../errors.ts";
import { authorized } from "../session.ts";
import { isAway, within } from "./answers.ts";
import type { CallPorts } from "./call.ts";
import type { Placed } from "./placing.ts";

/** What is older than that is of no use to anybody. */
const WORTH_MS = 10_000;
const ANSWER_MS = 5000;
const FIRST_PAUSE_MS = 250;

export interface TellingPorts extends Pick<CallPorts, "fetch" | "later" | "now"> {
  /** Where the call is now. */
  readonly placed: () => Placed | null;
  readonly isOver: () => boolean;
}

export type Subject = "dtmf" | "warnings";

export type Tell = (subject: Subject, body: object) => void;

export function createTelling({ fetch, later, now, placed, isOver }: TellingPorts): Tell {
  /** The last of each subject: the next one waits for it. */
  const last: { [subject in Subject]?: Promise<void> } = {};

  async function say(subject: Subject, body: object): Promise<void> {
    const until = now() + WORTH_MS;
    for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
      const call = placed();
      if (call === null || isOver()) {
        return;
      }
      const result = await authorized(call.session, (authorization) =>
        request(fetch, `${call.address}/${subject}`, {
          method: "POST",
          headers: { "content-type": "application/json", ...authorization },
          body: JSON.stringify(body),
          signal: within(later, ANSWER_MS),
        }),
      );
      const mayPass = !result.ok && (result.failure.passing || isAway(result.failure));
      if (!mayPass || now() + pause > until) {
        return;
      }
      await new Promise<void>((resume) => later(pause, resume));
    }
  }

  return (subject, body) => {
    last[subject] = (last[subject] ?? Promise.resolve()).then(() => say(subject, body));
  };
}
