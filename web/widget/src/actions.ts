/** What a visitor can do; the screens know nothing else of the world. */

import type { CustomButton, SurveyAnswer } from "@bellpush/protocol";
import type { Quality } from "./call/quality.ts";

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
  quality(): Promise<Quality | null>;
  startOver(): void;
  /** After an error: a new call at once, or a new page where only that helps. */
  retry(): void;
  submitSurvey(answers: readonly SurveyAnswer[], comment: string): void;
  press(button: CustomButton): void;
}
