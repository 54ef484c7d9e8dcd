/** What a visitor can do; the screens know nothing else of the world. */

import type { design, SurveyAnswers, SurveySubmittedData } from "@bellpush/protocol";
import type { Devices, Quality } from "./call/live.ts";

export interface Actions {
  /** The visitor shows interest: what a call needs is fetched. */
  warmUp(): void;
  tap(): void;
  hangUp(): void;
  setMuted(muted: boolean): void;
  sendDigit(digit: string): void;
  /** How loud the microphone is just now, 0 to 1. */
  level(): number;
  /** How good the network is; null while that is unknown. */
  quality(): Quality | null;
  /** Microphones and loudspeakers; null while there is no call. */
  devices(): Promise<Devices | null>;
  /** Lets the browser play what is heard. */
  play(): void;
  startOver(): void;
  /** After an error: a new call at once, or a new page where only that helps. */
  retry(listening?: boolean): void;
  /** Copies the address of the page, for another browser. */
  copyAddress(): Promise<void>;
  submitSurvey(survey: SurveyAnswers, summary: SurveySubmittedData): void;
  /** A button of the design, with the words that were on it. */
  press(label: string, effect: design.ButtonEffect): void;
}
