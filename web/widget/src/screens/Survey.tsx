/** Rating questions as radio groups, and an optional comment. */

import { type design, SURVEY_LIMITS } from "@bellpush/protocol";
import { useState } from "preact/hooks";
import type { BlockProps, Scene } from "../design/scene.ts";
import { wordsOf } from "../design/words.ts";
import css from "../styles/survey.css?inline";
import { collect, summarize } from "../survey.ts";
import { atMost } from "../text.ts";
import { adopt } from "../ui/adopt.ts";
import { Drawing } from "../ui/Icon.tsx";
import { Text } from "../ui/Text.tsx";

adopt(css);

const RATINGS = [1, 2, 3, 4, 5] as const;
type RatingValue = (typeof RATINGS)[number];

export function Survey({ block, scene }: BlockProps<"survey">) {
  const { t, actions } = scene;
  const [ratings, setRatings] = useState<Readonly<Record<string, number>>>({});
  const [comment, setComment] = useState("");
  const [missing, setMissing] = useState(false);

  const submit = (event: Event) => {
    event.preventDefault();
    const answers = block.questions.flatMap(({ id }) => {
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
    <form class="bp-questions" onSubmit={submit} noValidate>
      {block.questions.map((question) => (
        <Rating
          key={question.id}
          question={question}
          style={block.style}
          rating={ratings[question.id] ?? null}
          scene={scene}
          onRate={(rating) => {
            setRatings((given) => ({ ...given, [question.id]: rating }));
            setMissing(false);
          }}
        />
      ))}
      {block.comment && (
        <label class="bp-comment">
          <span>
            <Text {...wordsOf(block.comment.label, scene)} />{" "}
            <Text as="small" text={t.survey.commentHint} />
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
      <button type="button" class="bp-button bp-quiet" onClick={actions.startOver}>
        <Text text={t.ended.again} />
      </button>
    </form>
  );
}

interface RatingProps {
  readonly question: design.SurveyQuestion;
  readonly style: design.SurveyStyle;
  readonly rating: number | null;
  readonly scene: Scene;
  readonly onRate: (rating: number) => void;
}

function Rating({ question, style, rating, scene, onRate }: RatingProps) {
  const { t } = scene;
  // Stars fill up to the one that is chosen; of the others one stands out.
  const isChosen = (value: number) =>
    rating !== null && (style === "stars" ? value <= rating : value === rating);
  return (
    <fieldset class="bp-rating">
      <legend>
        <Text {...wordsOf(question.label, scene)} />
      </legend>
      <div class={`bp-scale bp-${style}`}>
        {RATINGS.map((value) => (
          <label key={value} class={isChosen(value) ? "bp-chosen" : ""}>
            <input
              type="radio"
              name={`bp-${question.id}`}
              value={value}
              checked={rating === value}
              aria-label={t.survey.rating(value)}
              onChange={() => onRate(value)}
            />
            <Mark style={style} value={value} />
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

const STAR = "m12 3.3 2.7 5.5 6 .9-4.4 4.2 1.1 6L12 17l-5.4 2.9 1.1-6-4.4-4.2 6-.900Z";
const FACE = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9 10h.01M15 10h.01";
const MOUTHS: { readonly [R in RatingValue]: string } = {
  1: "M8 16.500c1.2-1.8 2.5-2.5 4-2.500s2.8.7 4 2.5",
  2: "M8.5 16c1-.9 2.2-1.3 3.5-1.300s2.5.4 3.5 1.3",
  3: "M8.5 15h7",
  4: "M8.5 14.300c1 .9 2.2 1.3 3.5 1.300s2.5-.4 3.5-1.3",
  5: "M7.8 13.500c1.1 2.3 2.5 3.3 4.2 3.300s3.1-1 4.2-3.300Z",
};

function Mark({
  style,
  value,
}: {
  readonly style: design.SurveyStyle;
  readonly value: RatingValue;
}) {
  if (style === "numbers") {
    return <span aria-hidden="true">{value}</span>;
  }
  return <Drawing path={style === "smileys" ? FACE + MOUTHS[value] : STAR} />;
}
