/** What a call is given, and what it does. */

import type { CallNotice, IdentifiedEvent, Phase } from "@bellpush/protocol";
import type { Failure } from "../errors.ts";
import type { Voice } from "../microphone.ts";
import type { Session } from "../session.ts";
import type { Warning } from "../state.ts";
import type { Handover } from "./handover.ts";
import type { Devices, Quality } from "./live.ts";
import type { Place, Placed } from "./placing.ts";

/** How the visitor wants the call, and what the far side does with it. */
export interface Wishes {
  readonly muted: boolean;
  readonly held: boolean;
  readonly listening: boolean;
}

export interface CallPorts {
  readonly voice: Voice;
  readonly audio: HTMLAudioElement;
  /** The page's session: who may help media is known by it. */
  readonly session: Session;
  readonly place: Place;
  /** The call of the page before, when it is taken up. */
  readonly from: Handover | null;
  readonly fetch: typeof globalThis.fetch;
  readonly later: (ms: number, run: () => void) => void;
  /** Milliseconds, by a clock that only goes forward. */
  readonly now: () => number;
  readonly beacon: (path: string, body: string) => void;
  readonly mediaDevices: MediaDevices | undefined;
  readonly onAccepted: (placed: Placed) => void;
  readonly onPhase: (phase: Phase) => void;
  /** The far side holds the visitor or takes the call up again, or lets the visitor know something. */
  readonly onFar: (told: { readonly held: boolean } | { readonly notice: CallNotice }) => void;
  /** The server's events: call_started, then one terminal event. */
  readonly onEvent: (event: IdentifiedEvent) => void;
  /** The call was never accepted. */
  readonly onRefused: (failure: Failure) => void;
  /** The visitor has hung up before the call was accepted. */
  readonly onCancelled: () => void;
  /** The media is gone for good and the server has not said so yet. */
  readonly onLost: () => void;
  /** The visitor has hung up and the server has not said so yet. */
  readonly onLeft: () => void;
  readonly onSoundBlocked: (blocked: boolean) => void;
  readonly onWarning: (warning: Warning, raised: boolean) => void;
  /** There is a microphone from now on, also where the visitor has listened without one. */
  readonly onMicrophone: () => void;
  /** What only the screen knows: how the visitor wants it. */
  readonly wishes: () => Wishes;
  /** What another page needs to go on with the call is another one now. */
  readonly onHandover: () => void;
}

export interface Call {
  hangUp(): void;
  sendDigit(digit: string): void;
  /** How loud the microphone is just now, 0 to 1. */
  level(): number;
  quality(): Quality | null;
  /** Once it is loaded; null when the call is over by then. */
  devices(): Promise<Devices | null>;
  /** Plays what is heard; within a tap. */
  play(): void;
  /** The browser has a network again. */
  online(): void;
  /** What another page needs to go on with the call; null when there is nothing to go on with. */
  handover(): Omit<Handover, "connectedAt" | "muted" | "held"> | null;
  /** The page goes away: the server is told, and the connection closed. */
  leave(): void;
  /** Another page has the call now. */
  drop(): void;
}
