/** From a visitor's answers to the summary that the event carries. */

import {
  SURVEY_LIMITS,
  type SurveyAnswer,
  type SurveyAnswers,
  type SurveySubmittedData,
} from "@bellpush/protocol";
import { atMost, wellFormed } from "./text.ts";

/** Answers as the server takes them: the comment without blanks around it, null when empty. */
export function collect(answers: readonly SurveyAnswer[], comment: string): SurveyAnswers {
  // U+0085 is a blank to the server, but not to this language.
  const written = wellFormed(comment).replaceAll("\u0085", " ").trim();
  // What is cut may end in a blank.
  const trimmed = atMost(written, SURVEY_LIMITS.commentChars).trim();
  return { answers, comment: trimmed === "" ? null : trimmed };
}

/** The mean to two decimals, rounded as the server does; it refuses any other. */
export function summarize({ answers, comment }: SurveyAnswers): SurveySubmittedData {
  const sum = answers.reduce((total, { rating }) => total + rating, 0);
  return {
    rating: Math.round((sum * 100) / answers.length) / 100,
    answerCount: answers.length,
    hasComment: comment !== null,
  };
}
