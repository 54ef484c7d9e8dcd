/** A hang-up: kept until the server has it, whatever else happens meanwhile. */

import { request } from "../errors.ts";
import { authorized } from "../session.ts";
import { isAway, within } from "./answers.ts";
import type { CallPorts } from "./call.ts";
import { type Placed, publicly } from "./placing.ts";

/** How long a hang-up is repeated to a server that can't be reached. */
const LEAVE_FOR_MS = 2 * 60 * 1000;
const ANSWER_MS = 10_000;
const LONGEST_PAUSE_MS = 5000;

export interface EndingPorts extends Pick<CallPorts, "fetch" | "later" | "now"> {
  /** Where the call is now. */
  readonly placed: () => Placed | null;
  /** The server has had its last word. */
  readonly settled: () => boolean;
  /** The server has it: its last word is on its way, and the stream that brings it may not be. */
  readonly onTold: () => void;
}

export interface Ending {
  /** Ends the call at the server, however often that has to be said. */
  tell(query: string): Promise<void>;
  /** Says it again at once. */
  soon(): void;
}

export function createEnding(ports: EndingPorts): Ending {
  let soon: (() => void) | null = null;

  return {
    async tell(query) {
      const until = ports.now() + LEAVE_FOR_MS;
      /** Where it is to be said, if not where the call was: as another server has told, or any may know. */
      let elsewhere: { readonly from: string; readonly address: string } | null = null;
      /** Where it was said since the last pause. */
      const told = new Set<string>();
      for (let attempt = 0; !ports.settled() && ports.now() < until; attempt += 1) {
        const call = ports.placed();
        if (call === null) {
          return;
        }
        const address: string = elsewhere?.from === call.address ? elsewhere.address : call.address;
        told.add(address);
        const result = await authorized(call.session, (authorization) =>
          request(ports.fetch, address + query, {
            method: "DELETE",
            headers: authorization,
            keepalive: true,
            signal: within(ports.later, ANSWER_MS),
          }),
        );
        if (result.ok || !(result.failure.passing || isAway(result.failure))) {
          ports.onTold();
          return;
        }
        const anywhere = publicly(call.callId);
        // Nobody there, or not any more: any server may know where it lives, and then its own is asked again.
        const next = result.failure.address ?? (address === call.address ? anywhere : call.address);
        elsewhere = isAway(result.failure) ? { from: call.address, address: next } : elsewhere;
        if (result.failure.address !== null && !told.has(next)) {
          continue;
        }
        told.clear();
        const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** attempt);
        await new Promise<void>((resume) => {
          soon = resume;
          ports.later(pause, resume);
        });
      }
    },
    soon: () => soon?.(),
  };
}
