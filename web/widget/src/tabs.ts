/**
 * A visitor's tabs: the call lives in one, and another one says so and can bring it over.
 *
 * The tabs speak by a channel that only pages of this server, embedded by the same site, can hear.
 */

import { type Handover, readHandover } from "./call/handover.ts";
import { attempt } from "./memory.ts";

/** A tab that has the call answers within a moment; one that has crashed does not. */
const ANSWER_MS = 1500;

export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((message: MessageEvent) => void) | null;
}

export interface TabsPorts {
  readonly later: (ms: number, run: () => void) => void;
  /** Whether there is a call in another tab. */
  readonly onElsewhere: (elsewhere: boolean) => void;
  /** What another tab needs to go on with the call of this one; null when there is none. */
  readonly give: () => Handover | null;
  /** Another tab gives its call, as this one has asked it to. */
  readonly onGiven: (handover: Handover) => void;
  /** Another tab has taken a call over; whether it was that of this one. */
  readonly onTaken: (callId: string) => boolean;
  /** The visitor was asked for the microphone in another tab or frame since, and has refused it there. */
  readonly onRefused: () => void;
}

export interface Tabs {
  /** Whether this tab has a call now. */
  has(call: boolean): void;
  /** Asks whether another tab has a call. */
  ask(): void;
  /** Asks for the call of the other tab. */
  bring(): void;
  /** The other tab's call goes on here. */
  taken(callId: string): void;
  /** The visitor was asked for the microphone here, and has refused it. */
  refused(): void;
}

export function createTabs(channel: Channel | null, ports: TabsPorts): Tabs {
  let here = false;
  let waiting = false;
  const say = (type: string, more: object = {}) =>
    attempt(() => channel?.postMessage({ type, ...more }));

  if (channel !== null) {
    channel.onmessage = ({ data }) => {
      switch (data?.type) {
        case "who":
          if (here) {
            say("here");
          }
          break;
        case "here":
          ports.onElsewhere(true);
          break;
        case "gone":
          ports.onElsewhere(false);
          break;
        case "refused":
          ports.onRefused();
          break;
        case "give": {
          const handover = ports.give();
          if (handover !== null) {
            say("given", { handover: JSON.stringify(handover) });
          }
          break;
        }
        case "given": {
          const handover = readHandover(data.handover);
          if (waiting && handover !== null) {
            waiting = false;
            ports.onGiven(handover);
          }
          break;
        }
        case "taken": {
          // It is not gone: no other tab may be told so.
          const had = here;
          here = false;
          here = !ports.onTaken(String(data.callId)) && had;
          break;
        }
      }
    };
  }
  const ask = () => say("who");
  ask();

  return {
    ask,
    has(call) {
      if (here !== call) {
        here = call;
        say(call ? "here" : "gone");
      }
    },
    bring() {
      waiting = true;
      say("give");
      ports.later(ANSWER_MS, () => {
        if (waiting) {
          waiting = false;
          ports.onElsewhere(false);
        }
      });
    },
    taken: (callId) => say("taken", { callId }),
    refused: () => say("refused"),
  };
}
