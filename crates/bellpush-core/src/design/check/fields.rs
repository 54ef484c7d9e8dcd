//! Fields of forms and questions of surveys.

use std::collections::HashSet;

use super::{faults::Faults, words::Words};
use crate::{
    app::MAX_QUESTIONS,
    design::{
        block::SurveyBlock,
        form::{Field, FieldKind, MAX_VALUE_CHARS, try_pattern},
    },
};

/// Characters of a pattern, at most.
const MAX_PATTERN_CHARS: usize = 300;
/// Options of one field, at most.
const MAX_OPTIONS: usize = 100;

/// Checks the fields of one form; `taken` are names that are used or reserved.
pub(super) fn check(
    fields: &[Field],
    place: &str,
    taken: &mut HashSet<String>,
    words: &Words<'_>,
    faults: &mut Faults,
) {
    for (index, field) in fields.iter().enumerate() {
        let place = format!("{place}/{index}");
        check_name(&field.name, &format!("{place}/name"), taken, faults);
        words.check(&field.label, &format!("{place}/label"), 300, faults);
        words.check_some(field.hint.as_ref(), &format!("{place}/hint"), 300, faults);
        check_lengths(field, &place, faults);
        check_pattern(field, &place, faults);
        check_options(field, &place, words, faults);
    }
}

fn check_name(name: &str, place: &str, taken: &mut HashSet<String>, faults: &mut Faults) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let good = (1..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(plain);
    let message = "a field's name is a letter, then up to 63 letters, digits, _, . or -";
    faults.unless(good, place, message);
    let new = taken.insert(name.to_owned());
    faults.unless(new, place, format!("the name {name:?} is taken; give each field its own"));
}

fn check_lengths(field: &Field, place: &str, faults: &mut Faults) {
    let by_chars = !matches!(field.kind, FieldKind::Select | FieldKind::Checkbox);
    for (name, length) in [("minLength", field.min_length), ("maxLength", field.max_length)] {
        let Some(length) = length else { continue };
        let place = format!("{place}/{name}");
        faults.unless(by_chars, &place, "only fields that are written into have a length");
        let good = length <= MAX_VALUE_CHARS && (length > 0 || name == "minLength");
        faults.unless(good, &place, format!("a value has at most {MAX_VALUE_CHARS} characters"));
    }
    let most = field.max_length.unwrap_or(MAX_VALUE_CHARS);
    let ordered = field.min_length.is_none_or(|least| least <= most);
    let message = "no value is this long and not longer than maxLength";
    faults.unless(ordered, &format!("{place}/minLength"), message);
}

fn check_pattern(field: &Field, place: &str, faults: &mut Faults) {
    let Some(pattern) = &field.pattern else { return };
    let place = format!("{place}/pattern");
    faults.unless(field.kind == FieldKind::Text, &place, "only a text field has a pattern");
    if pattern.is_empty() || pattern.chars().count() > MAX_PATTERN_CHARS {
        faults.add(&place, format!("a pattern has 1 to {MAX_PATTERN_CHARS} characters"));
    } else if let Err(message) = try_pattern(pattern) {
        faults.add(&place, message);
    }
}

fn check_options(field: &Field, place: &str, words: &Words<'_>, faults: &mut Faults) {
    let place = format!("{place}/options");
    if field.kind != FieldKind::Select {
        faults.unless(field.options.is_empty(), &place, "only a select field has options");
        return;
    }
    let count = (1..=MAX_OPTIONS).contains(&field.options.len());
    faults.finish(count, &place, format!("a select field has 1 to {MAX_OPTIONS} options"));
    let mut seen = HashSet::new();
    for (index, option) in field.options.iter().enumerate() {
        let place = format!("{place}/{index}");
        // One of blanks would be nothing chosen.
        let good =
            (1..=200).contains(&option.value.chars().count()) && !option.value.trim().is_empty();
        let at = format!("{place}/value");
        faults.finish(good, &at, "an option's value has 1 to 200 characters");
        faults.finish(seen.insert(&option.value), &at, "two options have this value");
        words.check(&option.label, &format!("{place}/label"), 300, faults);
    }
}

/// Checks the questions of the survey.
pub(super) fn check_survey(
    survey: &SurveyBlock,
    place: &str,
    words: &Words<'_>,
    faults: &mut Faults,
) {
    let questions = format!("{place}/questions");
    let count = (1..=MAX_QUESTIONS).contains(&survey.questions.len());
    faults.finish(count, &questions, format!("a survey has 1 to {MAX_QUESTIONS} questions"));
    let mut seen = HashSet::new();
    for (index, question) in survey.questions.iter().enumerate() {
        let place = format!("{questions}/{index}");
        let id = format!("{place}/id");
        let good =
            (1..=64).contains(&question.id.chars().count()) && !question.id.trim().is_empty();
        faults.finish(good, &id, "a question's id has 1 to 64 characters");
        let message = "two questions have this id; make each unique";
        faults.finish(seen.insert(&question.id), &id, message);
        words.check(&question.label, &format!("{place}/label"), 300, faults);
    }
    if let Some(comment) = &survey.comment {
        words.check(&comment.label, &format!("{place}/comment/label"), 300, faults);
    }
}
