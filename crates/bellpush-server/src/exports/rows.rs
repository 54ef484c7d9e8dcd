//! Calls and events as the rows of a file.

use bellpush_store::{CallState, FoundCall, RecordedEvent};
use serde_json::Value;

/// The columns of calls, before those of the context.
const CALLS: [&str; 21] = [
    "id",
    "startedAt",
    "connectedAt",
    "endedAt",
    "state",
    "duration",
    "reason",
    "errorCode",
    "profileId",
    "destinationId",
    "routingKey",
    "answeredBy",
    "trunkId",
    "sipCallId",
    "qualityGrade",
    "mosVisitor",
    "mosFarSide",
    "rating",
    "comment",
    "form",
    "preview",
];
/// The columns of events, before those of the context.
const EVENTS: [&str; 7] = ["id", "name", "timestamp", "recordedAt", "callId", "preview", "data"];

pub(super) fn call_columns(keys: &[String]) -> Vec<String> {
    columns(&CALLS, keys)
}

pub(super) fn event_columns(keys: &[String]) -> Vec<String> {
    columns(&EVENTS, keys)
}

fn columns(own: &[&str], keys: &[String]) -> Vec<String> {
    let of_context = keys.iter().map(|key| format!("context.{key}"));
    let columns = own.iter().map(ToString::to_string).chain(of_context);
    columns.chain(["context".to_owned()]).collect()
}

pub(super) fn call(found: &FoundCall, keys: &[String]) -> Vec<String> {
    let FoundCall { call, context, preview, survey } = found;
    let (state, ended_at, duration, reason, code) = match &call.state {
        CallState::Live => ("live", None, None, None, None),
        CallState::Ended { at, reason, duration } => {
            ("ended", Some(at), Some(duration), Some(reason), None)
        }
        CallState::Failed { at, code } => ("error", Some(at), None, None, Some(code)),
    };
    let answered_by = call.answered_by.as_ref();
    let dialog = answered_by.and_then(|by| by.dialog.as_ref());
    let quality = call.quality.as_ref().unwrap_or(&Value::Null);
    let form = call.form_values.as_ref().map(|form| Value::from(form.clone()));
    let comment = survey.as_ref().and_then(|survey| survey.comment.clone());
    let mut row = vec![
        call.id.to_string(),
        call.started_at.to_string(),
        text(call.connected_at),
        text(ended_at),
        state.to_owned(),
        text(duration),
        text(reason.map(|reason| reason.as_str())),
        text(code),
        call.profile_id.to_string(),
        text(call.destination_id),
        text(call.routing_key.as_ref()),
        text(answered_by.map(|by| by.profile_id)),
        text(dialog.map(|dialog| dialog.trunk_id)),
        text(dialog.map(|dialog| &dialog.call_id)),
        text(call.quality_grade.map(|grade| grade.as_str())),
        plain(&quality["visitor"]["mos"]),
        plain(&quality["farSide"]["mos"]),
        text(survey.as_ref().map(|survey| survey.stars())),
        text(comment),
        text(form),
        preview.to_string(),
    ];
    row.extend(of_context(serde_json::to_value(context).unwrap_or_default(), keys));
    row
}

pub(super) fn event(recorded: &RecordedEvent, keys: &[String]) -> Vec<String> {
    let envelope: Value = serde_json::from_str(&recorded.envelope).unwrap_or_default();
    let mut data = envelope["data"].clone();
    let context = data.as_object_mut().and_then(|data| data.remove("context"));
    let mut row = vec![
        recorded.id.to_string(),
        recorded.name.clone(),
        recorded.occurred_at.to_string(),
        recorded.recorded_at.to_string(),
        text(recorded.call_id),
        recorded.preview.to_string(),
        data.to_string(),
    ];
    row.extend(of_context(context.unwrap_or_default(), keys));
    row
}

/// A cell for each of the keys, and one for what has no column of its own: there may be more keys than columns.
fn of_context(mut context: Value, keys: &[String]) -> Vec<String> {
    let mut take = |key: &String| context.as_object_mut().and_then(|context| context.remove(key));
    let mut cells: Vec<_> = keys.iter().map(|key| plain(&take(key).unwrap_or_default())).collect();
    let rest = context.as_object().filter(|rest| !rest.is_empty());
    cells.push(text(rest.map(|rest| Value::from(rest.clone()))));
    cells
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A value without quotation marks; nothing for `null`.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_no_column_of_its_own_is_in_the_last_one() {
        let keys = ["orderId".to_owned(), "step".to_owned()];
        let cells = |context| of_context(context, &keys);
        assert_eq!(cells(json!({ "orderId": "A-7" })), ["A-7", "", ""]);
        let cells = cells(json!({ "orderId": "A-7", "late": "x" }));
        assert_eq!(cells, ["A-7", "", r#"{"late":"x"}"#]);
        assert_eq!(call_columns(&keys).last().map(String::as_str), Some("context"));
        assert_eq!(of_context(Value::Null, &keys), ["", "", ""]);
    }
}
