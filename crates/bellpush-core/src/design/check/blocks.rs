//! Blocks: where each may stand, and what is in it.

use std::collections::HashSet;

use super::{faults::Faults, fields, syntax::is_https, words::Words};
use crate::{
    app::is_language_tag,
    context,
    design::{
        block::{Block, Paragraph},
        condition::Condition,
        document::States,
        form::pointer,
        survey::RESERVED_FIELDS,
    },
    lifecycle::State,
};

/// Fields of one form, at most.
const MAX_FIELDS: usize = 20;

/// Checks all blocks of all states.
pub(super) fn check(states: &States, words: &Words<'_>, faults: &mut Faults) {
    let mut ids = HashSet::new();
    // The values of all forms before a call go with it side by side.
    let mut form_fields = HashSet::new();
    for state in State::ALL {
        let blocks = states.of(*state);
        let mut once = HashSet::new();
        for (index, block) in blocks.iter().enumerate() {
            let place = format!("/states/{state}/{index}");
            check_place(block, *state, &place, &mut once, faults);
            if let Some(id) = block.id() {
                check_id(id, &format!("{place}/id"), &mut ids, faults);
            }
            if let Some(when) = block.when() {
                check_condition(when, &format!("{place}/when"), faults);
            }
            check_block(block, &place, &mut form_fields, words, faults);
        }
        let surveyed = blocks.iter().any(|block| matches!(block, Block::Survey(_)));
        let complete = *state != State::Survey || blocks.is_empty() || surveyed;
        faults.finish(complete, "/states/survey", "a survey needs a block of the type survey");
    }
}

/// Where a block may stand, and how often.
fn check_place(
    block: &Block,
    state: State,
    place: &str,
    once: &mut HashSet<&'static str>,
    faults: &mut Faults,
) {
    let (wanted, single): (&[State], bool) = match block {
        Block::Form(_) => (&[State::Idle], false),
        Block::Consent(_) => (&[State::Idle], true),
        Block::Survey(_) => (&[State::Survey], true),
        Block::Callback(_) => (&[State::Closed, State::Ended, State::Error], true),
        Block::Call(_) => (
            &[State::Idle, State::Closed, State::Ended, State::SurveySubmitted, State::Error],
            false,
        ),
        _ => (State::ALL, false),
    };
    let kind = block.kind();
    if !wanted.contains(&state) {
        let names: Vec<_> = wanted.iter().map(|state| state.as_str()).collect();
        let message = format!("a {kind} block can stand in {} only", names.join(", "));
        faults.add(format!("{place}/type"), message);
    }
    if single && !once.insert(kind) {
        faults.add(format!("{place}/type"), format!("there is one {kind} block at most"));
    }
}

fn check_id<'a>(id: &'a str, place: &str, ids: &mut HashSet<&'a str>, faults: &mut Faults) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let good = (1..=64).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_alphabetic())
        && id.bytes().all(plain);
    let message = "a block's id is a letter, then up to 63 letters, digits, - or _";
    faults.unless(good, place, message);
    faults.unless(ids.insert(id), place, format!("the id {id:?} is taken; give each its own"));
}

fn check_condition(when: &Condition, place: &str, faults: &mut Faults) {
    for (index, tag) in when.languages.iter().enumerate() {
        let place = format!("{place}/languages/{index}");
        faults.unless(is_language_tag(tag), &place, "write a language tag like en or pt-BR");
    }
    let key = "a key of the context is a letter, then up to 63 letters, digits, _, . or -";
    for name in when.context.keys() {
        let place = format!("{place}/context{}", pointer(name));
        faults.unless(context::is_key(name), &place, key);
    }
    for (index, name) in when.context_has.iter().enumerate() {
        faults.unless(context::is_key(name), &format!("{place}/contextHas/{index}"), key);
    }
}

fn check_block(
    block: &Block,
    place: &str,
    form_fields: &mut HashSet<String>,
    words: &Words<'_>,
    faults: &mut Faults,
) {
    let at = |name: &str| format!("{place}/{name}");
    match block {
        Block::Heading(heading) => words.check(&heading.text, &at("text"), 200, faults),
        Block::Paragraph(paragraph) => check_paragraph(paragraph, place, words, faults),
        Block::Image(image) => {
            let message = "write the address of a picture that starts with https://";
            faults.finish(is_https(&image.src), &at("src"), message);
            words.check(&image.alt, &at("alt"), 300, faults);
            let good = image.width.is_none_or(|width| (16..=640).contains(&width));
            faults.unless(good, &at("width"), "a picture is 16 to 640 pixels wide");
        }
        Block::Divider(_) | Block::Spacer(_) => {}
        Block::Call(call) => {
            words.check(&call.label, &at("label"), 100, faults);
            words.check_some(call.hint.as_ref(), &at("hint"), 300, faults);
        }
        Block::Form(form) => {
            words.check_some(form.title.as_ref(), &at("title"), 200, faults);
            let count = (1..=MAX_FIELDS).contains(&form.fields.len());
            faults.finish(count, &at("fields"), format!("a form has 1 to {MAX_FIELDS} fields"));
            fields::check(&form.fields, &at("fields"), form_fields, words, faults);
        }
        Block::Survey(survey) => {
            // Whether there is a survey is asked when the call ends, and again when it is answered.
            faults.unless(survey.when.is_none(), &at("when"), "a survey has no condition");
            fields::check_survey(survey, place, words, faults);
        }
        Block::Button(button) => {
            words.check(&button.label, &at("label"), 100, faults);
            if let Err(error) = button.effect.check(&at("effect")) {
                faults.add_unfinished(error);
            }
        }
        Block::Hours(hours) => words.check_some(hours.text.as_ref(), &at("text"), 300, faults),
        Block::Consent(consent) => {
            words.check_rich(&consent.text, &at("text"), faults);
            let version = consent.version.chars().count();
            let good = (1..=64).contains(&version) && !consent.version.trim().is_empty();
            faults.finish(good, &at("version"), "a version has 1 to 64 characters");
        }
        Block::Callback(callback) => {
            words.check_some(callback.title.as_ref(), &at("title"), 200, faults);
            words.check_some(callback.text.as_ref(), &at("text"), 300, faults);
            let count = callback.fields.len() <= MAX_FIELDS;
            let message = format!("a request has at most {MAX_FIELDS} fields of your own");
            faults.unless(count, &at("fields"), message);
            let mut taken = RESERVED_FIELDS.map(str::to_owned).into_iter().collect();
            fields::check(&callback.fields, &at("fields"), &mut taken, words, faults);
        }
    }
}

fn check_paragraph(paragraph: &Paragraph, place: &str, words: &Words<'_>, faults: &mut Faults) {
    match (&paragraph.text, &paragraph.rich) {
        (Some(text), None) => words.check(text, &format!("{place}/text"), 2_000, faults),
        (None, Some(rich)) => words.check_rich(rich, &format!("{place}/rich"), faults),
        _ => faults.add(place, "a paragraph has either text or rich"),
    }
}
