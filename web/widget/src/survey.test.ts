import { describe, expect, it } from "vitest";
import { collect, summarize } from "./survey.ts";

function answers(...ratings: readonly number[]) {
  return ratings.map((rating, index) => ({ questionId: `q${index}`, rating }));
}

describe("a survey", () => {
  it.each([
    { ratings: [4, 5], rating: 4.5 },
    { ratings: [5, 5, 4], rating: 4.67 },
    { ratings: [1, 1, 2], rating: 1.33 },
    { ratings: [3], rating: 3 },
  ])("of $ratings has the mean $rating, as the server rounds it", ({ ratings, rating }) => {
    const summary = summarize(collect(answers(...ratings), ""));
    expect(summary).toEqual({ rating, answerCount: ratings.length, hasComment: false });
  });

  it.each(["", "  \n", "\u0085"])("has no comment when it is blank (%j)", (comment) => {
    expect(collect(answers(1), comment).comment).toBeNull();
  });

  it("has a comment of at most 2,000 characters", () => {
    const { comment } = collect(answers(1), `  ${"😀".repeat(2001)}`);
    expect(Array.from(comment ?? "")).toHaveLength(2000);
  });
});
