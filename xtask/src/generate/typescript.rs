//! `web/protocol/src/generated.ts`: the core's tables and limits as TypeScript.

use std::fmt::Write;

use bellpush_core::{
    app::{MAX_COMMENT_CHARS, MAX_QUESTIONS},
    context,
    events::{
        ButtonAction, CATALOGUE, CUSTOM_NAME_PATTERN, ERROR_CODES, EndReason, ErrorCode,
        MAX_CUSTOM_DATA_BYTES,
    },
    lifecycle::{Phase, State, TRANSITIONS, Trigger},
};

use super::file::Generated;

/// The file.
pub(super) fn protocol() -> Generated {
    let mut text =
        String::from("// Generated from the Rust core by `cargo xtask generate`. Do not edit.\n");
    names(
        &mut text,
        "What the visitor sees.",
        "STATES",
        "State",
        State::ALL.iter().map(|name| name.as_str()),
    );
    names(
        &mut text,
        "The parts of `calling`, for the interface; they fire no event.",
        "PHASES",
        "Phase",
        Phase::ALL.iter().map(|name| name.as_str()),
    );
    names(
        &mut text,
        "What moves the widget from one state to another.",
        "TRIGGERS",
        "Trigger",
        Trigger::ALL.iter().map(|name| name.as_str()),
    );
    let events = CATALOGUE.iter().map(|(name, _, _)| name.as_str());
    names(&mut text, "The catalogue of events.", "EVENT_NAMES", "EventName", events);
    let reasons = [EndReason::UserHangup, EndReason::RemoteHangup];
    names(
        &mut text,
        "Who ended a call cleanly.",
        "END_REASONS",
        "EndReason",
        reasons.iter().map(|reason| reason.as_str()),
    );
    names(
        &mut text,
        "What a custom button does.",
        "BUTTON_ACTIONS",
        "ButtonAction",
        ButtonAction::ALL.iter().map(|action| action.as_str()),
    );
    error_codes(&mut text);
    transitions(&mut text);
    event_data(&mut text);
    limits(&mut text);
    Generated { path: "web/protocol/src/generated.ts".into(), content: text }
}

fn names<'a>(
    text: &mut String,
    doc: &str,
    constant: &str,
    kind: &str,
    values: impl Iterator<Item = &'a str>,
) {
    let _ = write!(text, "\n/** {doc} */\nexport const {constant} = [\n");
    for value in values {
        let _ = writeln!(text, "  \"{value}\",");
    }
    let _ = write!(text, "] as const;\nexport type {kind} = (typeof {constant})[number];\n");
}

fn error_codes(text: &mut String) {
    let all = ERROR_CODES.iter().map(|facts| facts.name);
    names(text, "Why a call failed.", "ERROR_CODES", "ErrorCode", all);
    let reported: Vec<ErrorCode> = ERROR_CODES
        .iter()
        .filter(|facts| facts.reported_by_widget)
        .map(|facts| facts.code)
        .collect();
    names(
        text,
        "The codes that a widget may report, of a call that was never accepted.",
        "WIDGET_ERROR_CODES",
        "WidgetErrorCode",
        reported.iter().map(|code| code.as_str()),
    );
    text.push_str("\n/** What people are told: the `errorMessage` of each code. */\n");
    text.push_str("export const ERROR_MESSAGES: Record<ErrorCode, string> = {\n");
    for facts in ERROR_CODES {
        let _ = writeln!(text, "  {}: {},", facts.name, quoted(facts.message));
    }
    text.push_str("};\n");
}

fn transitions(text: &mut String) {
    text.push_str(
        "\n/** One row of the life cycle's table. */\n\
         export interface Transition {\n  \
           readonly from: State;\n  \
           readonly trigger: Trigger;\n  \
           readonly to: State;\n  \
           /** The catalogue event that it fires. That of the tap fires when the server has accepted \
         the request, all others at once. */\n  \
           readonly event: EventName | null;\n\
         }\n\n\
         /** Every transition that exists. */\n\
         export const TRANSITIONS: readonly Transition[] = [\n",
    );
    for row in TRANSITIONS {
        let event = row.event.map_or_else(|| "null".into(), |event| format!("\"{event}\""));
        let _ = writeln!(
            text,
            "  {{ from: \"{}\", trigger: \"{}\", to: \"{}\", event: {event} }},",
            row.from, row.trigger, row.to
        );
    }
    text.push_str("];\n");
}

fn event_data(text: &mut String) {
    for (name, when, fields) in CATALOGUE {
        let _ = write!(
            text,
            "\n/** Data of `{name}`: {when}. */\nexport interface {}Data {{\n",
            camel(name.as_str())
        );
        for field in *fields {
            let _ = writeln!(text, "  /** {} */\n  {}: {};", field.meaning, field.name, field.kind);
        }
        text.push_str("}\n");
    }
    text.push_str("\n/** The data of each catalogue event, besides `context`. */\n");
    text.push_str("export interface EventData {\n");
    for (name, _, _) in CATALOGUE {
        let _ = writeln!(text, "  {name}: {}Data;", camel(name.as_str()));
    }
    text.push_str("}\n");
}

fn limits(text: &mut String) {
    let _ = write!(
        text,
        "\n/** The form of a custom event's name, as a regular expression. */\n\
         export const CUSTOM_NAME_PATTERN = {};\n\
         \n/** Bytes of a custom event's data as JSON, without its context, at most. */\n\
         export const MAX_CUSTOM_DATA_BYTES = {MAX_CUSTOM_DATA_BYTES};\n\
         \n/** What a context may hold, at most; bytes are those of all keys and values in UTF-8. */\n\
         export const CONTEXT_LIMITS = {{\n  keys: {},\n  keyChars: {},\n  valueChars: {},\n  \
         bytes: {},\n}} as const;\n\
         \n/** Query parameters of the widget's address that are not context. */\n\
         export const RESERVED_PARAMETERS = [\n",
        quoted(CUSTOM_NAME_PATTERN),
        context::MAX_KEYS,
        context::MAX_KEY_CHARS,
        context::MAX_VALUE_CHARS,
        context::MAX_BYTES,
    );
    for name in context::RESERVED {
        let _ = writeln!(text, "  \"{name}\",");
    }
    let _ = write!(
        text,
        "] as const;\n\
         \n/** What a survey may hold, at most. */\n\
         export const SURVEY_LIMITS = {{\n  questions: {MAX_QUESTIONS},\n  \
         commentChars: {MAX_COMMENT_CHARS},\n}} as const;\n"
    );
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn camel(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        })
        .collect()
}
