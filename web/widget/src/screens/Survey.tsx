/** Rating questions as radio groups, and an optional comment. */

import { SURVEY_LIMITS, type SurveyConfig, type SurveyQuestion } from "@bellpush/protocol";
import { useState } from "preact/hooks";
import type { Actions } from "../actions.ts";
import type { Texts } from "../i18n/index.ts";
import css from "../styles/survey.css?inline";
import { collect, summarize } from "../survey.ts";
import { atMost } from "../text.ts";
import { adopt } from "../ui/adopt.ts";
import { Screen } from "../ui/Screen.tsx";
import { Text } from "../ui/Text.tsx";
import { clockTime } from "../ui/time.ts";

adopt(css);

const RATINGS = [1, 2, 3, 4, 5] as const;

export interface SurveyProps {
  readonly survey: SurveyConfig;
  readonly seconds: number;
  readonly t: Texts;
  readonly actions: Actions;
}

export function Survey({ survey, seconds, t, actions }: SurveyProps) {
  const [ratings, setRatings] = useState<Readonly<Record<string, number>>>({});
  const [comment, setComment] = useState("");
  const [missing, setMissing] = useState(false);

  const submit = (event: Event) => {
    event.preventDefault();
    const answers = survey.questions.flatMap(({ id }) => {
      const rating = ratings[id];
      return rating === undefined ? [] : [{ questionId: id, rating }];
    });
    setMissing(answers.length === 0);
    if (answers.length > 0) {
      const collected = collect(answers, comment);
      actions.submitSurvey(collected, summarize(collected));
    }
  };

  return (
    <Screen name="survey" title={t.survey.title}>
      <Text as="p" class="bp-text" text={t.survey.after(clockTime(seconds))} />
      <form onSubmit={submit} noValidate>
        {survey.questions.map((question) => (
          <Rating
            key={question.id}
            question={question}
            rating={ratings[question.id] ?? null}
            t={t}
            onRate={(rating) => {
              setRatings((given) => ({ ...given, [question.id]: rating }));
              setMissing(false);
            }}
          />
        ))}
        {survey.commentLabel !== null && (
          <label class="bp-comment">
            <span>
              <Text text={survey.commentLabel} /> <Text as="small" text={t.survey.commentHint} />
            </span>
            <textarea
              rows={3}
              value={comment}
              onInput={({ currentTarget }) => {
                // Its own limit counts halves of characters.
                const kept = atMost(currentTarget.value, SURVEY_LIMITS.commentChars);
                if (kept !== currentTarget.value) {
                  currentTarget.value = kept;
                }
                setComment(kept);
              }}
            />
          </label>
        )}
        <p class="bp-missing" role="alert">
          {missing && <Text text={t.survey.missing} />}
        </p>
        <button type="submit" class="bp-button bp-primary">
          <Text text={t.survey.submit} />
        </button>
      </form>
    </Screen>
  );
}

interface RatingProps {
  readonly question: SurveyQuestion;
  readonly rating: number | null;
  readonly t: Texts;
  readonly onRate: (rating: number) => void;
}

function Rating({ question, rating, t, onRate }: RatingProps) {
  return (
    <fieldset class="bp-rating">
      <legend>
        <Text text={question.label} />
      </legend>
      <div class="bp-scale">
        {RATINGS.map((value) => (
          <label key={value} class={rating === value ? "bp-chosen" : ""}>
            <input
              type="radio"
              name={`bp-${question.id}`}
              value={value}
              checked={rating === value}
              aria-label={t.survey.rating(value)}
              onChange={() => onRate(value)}
            />
            <span aria-hidden="true">{value}</span>
          </label>
        ))}
      </div>
      <div class="bp-ends" aria-hidden="true">
        <Text text={t.survey.lowest} />
        <Text text={t.survey.highest} />
      </div>
    </fieldset>
  );
}
