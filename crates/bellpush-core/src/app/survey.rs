//! The post-call survey: rating questions from 1 to 5 and an optional comment.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    events::SurveySummary,
    field_error::{FieldError, check_chars},
};

/// Questions in one survey, at most.
pub const MAX_QUESTIONS: usize = 20;
/// Characters of a comment, at most.
pub const MAX_COMMENT_CHARS: usize = 2_000;

/// A survey as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Survey {
    /// 1 to 20 rating questions, in their order on the screen.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
    pub questions: Vec<Question>,
    /// The label of the comment field; no field without it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 300, pattern = r"\S"))]
    #[serde(default)]
    pub comment_label: Option<String>,
}

/// One rating question, answered with 1 to 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    /// Names the question in answers: 1 to 64 characters, unique in the survey.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, pattern = r"\S"))]
    pub id: String,
    /// The question for people: 1 to 300 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 300, pattern = r"\S"))]
    pub label: String,
}

impl Survey {
    pub(super) fn check(&self, pointer: &str) -> Result<(), FieldError> {
        let questions = format!("{pointer}/questions");
        if self.questions.is_empty() || self.questions.len() > MAX_QUESTIONS {
            return Err(FieldError::new(
                questions,
                format!("a survey has 1 to {MAX_QUESTIONS} questions"),
            ));
        }
        let mut seen = HashSet::new();
        for (index, question) in self.questions.iter().enumerate() {
            let id = format!("{questions}/{index}/id");
            check_chars(&id, "a question's id", &question.id, 1, 64)?;
            if !seen.insert(&question.id) {
                return Err(FieldError::new(id, "two questions have this id; make each unique"));
            }
            let label = format!("{questions}/{index}/label");
            check_chars(&label, "a question's label", &question.label, 1, 300)?;
        }
        match &self.comment_label {
            Some(label) => {
                check_chars(&format!("{pointer}/commentLabel"), "the label", label, 1, 300)
            }
            None => Ok(()),
        }
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The question's id.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub question_id: String,
    /// 1 to 5.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5))]
    pub rating: u8,
}

/// What a visitor answered. A question may be left out, but not all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answers {
    /// The answered questions.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
    pub answers: Vec<Answer>,
    /// The comment, up to 2,000 characters.
    #[cfg_attr(feature = "openapi", schema(max_length = 2000))]
    #[serde(default)]
    pub comment: Option<String>,
}

/// Why answers were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswersError {
    /// None, or more than a survey can have.
    #[error("a survey is submitted with 1 to {MAX_QUESTIONS} answers")]
    Count,
    /// An id that is empty or too long.
    #[error("a question's id has 1 to 64 characters")]
    QuestionId,
    /// The same question twice.
    #[error("the question {0:?} is answered twice")]
    Twice(String),
    /// A rating outside 1 to 5.
    #[error("the rating of {0:?} is not between 1 and 5")]
    Rating(String),
    /// A comment over the limit.
    #[error("a comment has at most {MAX_COMMENT_CHARS} characters")]
    Comment,
}

impl Answers {
    /// Checks the answers and sums them up for the event.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn summary(&self) -> Result<SurveySummary, AnswersError> {
        if self.answers.is_empty() || self.answers.len() > MAX_QUESTIONS {
            return Err(AnswersError::Count);
        }
        let mut seen = HashSet::new();
        for Answer { question_id, rating } in &self.answers {
            if question_id.is_empty() || question_id.chars().count() > 64 {
                return Err(AnswersError::QuestionId);
            }
            if !seen.insert(question_id) {
                return Err(AnswersError::Twice(question_id.clone()));
            }
            if !(1..=5).contains(rating) {
                return Err(AnswersError::Rating(question_id.clone()));
            }
        }
        let comment = self.comment.as_deref().unwrap_or_default();
        if comment.chars().count() > MAX_COMMENT_CHARS {
            return Err(AnswersError::Comment);
        }
        Ok(SurveySummary {
            rating: (self.mean() * 100.0).round() / 100.0,
            answer_count: self.answers.len() as u32,
            has_comment: !comment.trim().is_empty(),
        })
    }

    /// The mean of the ratings as a whole number of stars, as calls are searched by: 1 to 5, and 0
    /// for answers that were never checked.
    #[must_use]
    pub fn stars(&self) -> u8 {
        self.mean().round() as u8
    }

    fn mean(&self) -> f64 {
        let sum: f64 = self.answers.iter().map(|answer| f64::from(answer.rating)).sum();
        sum / self.answers.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answers(ratings: &[u8]) -> Answers {
        let answer = |(index, rating): (usize, &u8)| Answer {
            question_id: format!("q{index}"),
            rating: *rating,
        };
        Answers { answers: ratings.iter().enumerate().map(answer).collect(), comment: None }
    }

    #[test]
    fn the_rating_is_the_mean_to_two_decimals() {
        assert_eq!(answers(&[4, 5]).summary().unwrap().rating, 4.5);
        assert_eq!(answers(&[5, 5, 4]).summary().unwrap().rating, 4.67);
        assert_eq!(answers(&[1, 1, 2]).summary().unwrap().rating, 1.33);
    }

    #[test]
    fn answers_outside_the_rules_are_refused() {
        assert_eq!(answers(&[]).summary(), Err(AnswersError::Count));
        assert_eq!(answers(&[0]).summary(), Err(AnswersError::Rating("q0".into())));
        assert_eq!(answers(&[5, 6]).summary(), Err(AnswersError::Rating("q1".into())));
        let mut twice = answers(&[1, 2]);
        twice.answers[1].question_id = "q0".into();
        assert_eq!(twice.summary(), Err(AnswersError::Twice("q0".into())));
        let long = Answers { comment: Some("x".repeat(2_001)), ..answers(&[1]) };
        assert_eq!(long.summary(), Err(AnswersError::Comment));
    }

    #[test]
    fn a_comment_of_blanks_is_no_comment() {
        let blank = Answers { comment: Some("  ".into()), ..answers(&[1]) };
        assert!(!blank.summary().unwrap().has_comment);
    }

    proptest! {
        #[test]
        fn a_rating_is_between_1_and_5(ratings in proptest::collection::vec(1u8..=5, 1..=20)) {
            let summary = answers(&ratings).summary().unwrap();
            prop_assert!((1.0..=5.0).contains(&summary.rating));
        }
    }
}
