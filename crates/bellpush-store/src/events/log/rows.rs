//! The rows that events become: of the log, of calls, of deliveries. As statements of a [`Batch`], each
//! of which takes all rows of its table as JSON.

use std::collections::HashMap;

use bellpush_core::{
    analytics::NetworkKind,
    delivery::{DeliveryKey, PendingDelivery, Seq},
    events::{Event, EventTime},
    ids::EventId,
    quality::QualityGrade,
};
use serde::Serialize;

use super::prepared::Prepared;
use crate::{
    calls::state::{ENDED, FAILED},
    db::{self, Batch, Row, to_json},
    error::StoreError,
    events::append::{Append, CallEnd, CallFinish, NewCallback},
};

/// What the answer to [`INSERT_EVENTS`] is told by.
pub(super) const EVENT_KEPT: &str = "event kept";
/// What the answer to [`UPDATE_CALLS`] is told by.
pub(super) const CALL_ENDED: &str = "call ended";
/// What the answer to [`INSERT_ANSWERS`] is told by.
pub(super) const ANSWERS_KEPT: &str = "answers kept";
/// What the answer to [`INSERT_DELIVERIES`] is told by.
pub(super) const DELIVERY_KEPT: &str = "delivery kept";

const INSERT_EVENTS: &str = "
    INSERT INTO events
        (id, app_id, session_id, call_id, name, preview, envelope, occurred_at, recorded_at)
    SELECT
        value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
        CAST(value ->> 6 AS BOOLEAN), value ->> 7, CAST(value ->> 8 AS BIGINT), $2
    FROM jsonb_each($1)
    WHERE TRUE
    ORDER BY CAST(value ->> 0 AS BIGINT)
    ON CONFLICT DO NOTHING
    RETURNING 'event kept' AS kind, id, seq";

const INSERT_TRACES: &str = "
    INSERT INTO event_traces (event_seq, trace_parent)
    SELECT (SELECT seq FROM events WHERE id = given.value ->> 0), given.value ->> 1
    FROM jsonb_each($1) AS given";

const INSERT_CALLS: &str = "
    INSERT INTO calls
        (id, app_id, session_id, destination_id, profile_id, routing_key, node_id, form_values,
         state, started_at, consent, resume_hash)
    SELECT
        value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
        value ->> 6, value ->> 7, 'live', CAST(value ->> 8 AS BIGINT),
        value ->> 9, value ->> 10
    FROM jsonb_each($1)";

/// Whoever ends a call has to be the node that it lives on, until the commit, and the first to do so:
/// each call that is ended is answered by a row of [`CALL_ENDED`].
const UPDATE_CALLS: &str = "
    UPDATE calls
    SET state = given.value -> 0 ->> 1,
        ended_at = CAST(given.value -> 0 ->> 2 AS BIGINT),
        connected_at = CAST(given.value -> 0 ->> 3 AS BIGINT),
        end_reason = given.value -> 0 ->> 4,
        duration = CAST(given.value -> 0 ->> 5 AS BIGINT),
        error_code = given.value -> 0 ->> 6,
        answered_by = given.value -> 1 ->> 0,
        trunk_id = given.value -> 1 ->> 1,
        sip_call_id = given.value -> 1 ->> 2,
        quality = given.value -> 1 ->> 3,
        sip_failure = given.value -> 1 ->> 4,
        quality_grade = given.value -> 1 ->> 5,
        network = given.value -> 1 ->> 6
    FROM jsonb_each($1) AS given
    WHERE calls.id = given.value -> 0 ->> 0
      AND calls.node_id = given.value -> 0 ->> 7
      AND calls.state = 'live'
    RETURNING 'call ended' AS kind";

/// Each survey whose call had none is answered by a row of [`ANSWERS_KEPT`].
const INSERT_ANSWERS: &str = "
    INSERT INTO survey_responses (call_id, event_id, answers, call_app_id, stars)
    SELECT
        value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT)
    FROM jsonb_each($1)
    WHERE TRUE
    ON CONFLICT DO NOTHING
    RETURNING 'answers kept' AS kind";

const INSERT_CALLBACKS: &str = "
    INSERT INTO callback_requests
        (id, app_id, session_id, event_id, call_id, reason, form_values, requested_at)
    SELECT
        value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
        value ->> 6, CAST(value ->> 7 AS BIGINT)
    FROM jsonb_each($1)";

pub(crate) const INSERT_DELIVERIES: &str = "
    INSERT INTO deliveries (integration_id, event_seq, status, attempts, next_due)
    SELECT integrations.id, (SELECT seq FROM events WHERE events.id = given.value ->> 0),
        'pending', 0, $2
    FROM jsonb_each($1) AS given
    JOIN integrations ON integrations.app_id = given.value ->> 1
    JOIN integration_events ON integration_events.integration_id = integrations.id
    WHERE integration_events.name = given.value ->> 2
      AND integrations.active
      AND (integrations.include_previews OR NOT CAST(given.value ->> 3 AS BOOLEAN))
    RETURNING 'delivery kept' AS kind, integration_id, event_seq";

/// Adds what keeps these events: each is answered by a row of [`EVENT_KEPT`], but for one that is
/// there already.
pub(super) fn write_events(batch: &mut Batch, new: &[&Prepared], recorded_at: EventTime) {
    let rows: Vec<_> = new
        .iter()
        .enumerate()
        .map(|(position, prepared)| {
            let Event { id, app_id, session_id, call_id, preview, envelope, .. } = prepared.event();
            let occurred_at = envelope.timestamp.millis();
            let (name, body) = (&envelope.name, prepared.envelope());
            (position, id, app_id, session_id, call_id, name, preview, body, occurred_at)
        })
        .collect();
    batch.add(INSERT_EVENTS, [to_json(&rows).into(), recorded_at.millis().into()]);
}

/// Adds what follows from events that are kept: each of their deliveries, one for each active
/// integration that selected the event, is answered by a row of [`DELIVERY_KEPT`].
pub(super) fn write_effects(batch: &mut Batch, new: &[&Prepared], recorded_at: EventTime) {
    if new.is_empty() {
        return;
    }
    write_traces(batch, new);
    write_calls(batch, new);
    let deliveries: Vec<_> = new
        .iter()
        .map(|prepared| {
            let Event { id, app_id, envelope, preview, .. } = prepared.event();
            (id, app_id, &envelope.name, preview)
        })
        .collect();
    let values = [to_json(&deliveries).into(), recorded_at.millis().into()];
    batch.add(INSERT_DELIVERIES, values);
}

/// Keeps the parents of events in their traces, of those that have one.
fn write_traces(batch: &mut Batch, new: &[&Prepared]) {
    let rows: Vec<_> = new
        .iter()
        .filter_map(|prepared| {
            let Event { id, trace_parent, .. } = prepared.event();
            Some((id, (*trace_parent)?.to_string()))
        })
        .collect();
    add_rows(batch, INSERT_TRACES, &rows);
}

/// Brings the calls to where their events say they are.
fn write_calls(batch: &mut Batch, new: &[&Prepared]) {
    let (mut started, mut over, mut surveys) = (Vec::new(), Vec::new(), Vec::new());
    let mut callbacks = Vec::new();
    for append in new.iter().map(|prepared| &prepared.append) {
        let Event { id, app_id, session_id, call_id, envelope, .. } = append.event();
        let at = envelope.timestamp.millis();
        match append {
            Append::Event(_) => {}
            Append::CallStarted { call, .. } => {
                let form_values = call.form_values.as_ref().map(to_json);
                let (asked, profile) = (call.destination_id, call.profile_id);
                let key = call.routing_key.as_deref().map(db::without_nul);
                let node = call.node_id;
                started.push((
                    call_id,
                    app_id,
                    session_id,
                    asked,
                    profile,
                    key,
                    node,
                    form_values,
                    at,
                    call.consent.as_ref().map(to_json),
                    call.resume.as_str(),
                ));
            }
            Append::CallEnded { finish, node_id, .. } => {
                let CallFinish {
                    end,
                    connected_at,
                    answered_by,
                    quality,
                    quality_grade,
                    sip_failure,
                    network,
                } = finish;
                let grade = quality_grade.map(QualityGrade::as_str);
                let connected = connected_at.map(EventTime::millis);
                let (state, reason, duration, code) = match end {
                    CallEnd::Ended { reason, duration } => {
                        (ENDED, Some(reason.as_str()), Some(duration), None)
                    }
                    CallEnd::Failed { code } => (FAILED, None, None, Some(code.as_str())),
                };
                let profile = answered_by.as_ref().map(|by| by.profile_id);
                let dialog = answered_by.as_ref().and_then(|by| by.dialog.as_ref());
                let trunk = dialog.map(|dialog| dialog.trunk_id);
                let sip_call_id = dialog.map(|dialog| db::without_nul(&dialog.call_id));
                let quality = quality.as_ref().map(to_json);
                let network = network.map(NetworkKind::as_str);
                let sip_failure = sip_failure.as_ref().map(to_json);
                over.push((
                    (call_id, state, at, connected, reason, duration, code, node_id),
                    (profile, trunk, sip_call_id, quality, sip_failure, grade, network),
                ));
            }
            Append::Survey { answers, .. } => {
                surveys.push((call_id, id, to_json(answers), app_id, answers.stars()));
            }
            Append::CallbackRequested { request, .. } => {
                let NewCallback { id: request_id, call_id, reason, form_values } = request;
                let values = to_json(form_values);
                callbacks.push((request_id, app_id, session_id, id, call_id, reason, values, at));
            }
        }
    }
    add_rows(batch, INSERT_CALLS, &started);
    add_rows(batch, UPDATE_CALLS, &over);
    add_rows(batch, INSERT_ANSWERS, &surveys);
    add_rows(batch, INSERT_CALLBACKS, &callbacks);
}

fn add_rows(batch: &mut Batch, sql: &'static str, rows: &[impl Serialize]) {
    if !rows.is_empty() {
        batch.add(sql, [to_json(&rows).into()]);
    }
}

/// Reads where a new event is in the log.
pub(super) fn kept_event(row: &Row) -> Result<(EventId, Seq), StoreError> {
    Ok((row.parse("id")?, Seq(row.get("seq")?)))
}

/// Reads a new delivery of one of these events.
pub(super) fn kept_delivery(
    row: &Row,
    by_seq: &HashMap<Seq, &Prepared>,
    due: EventTime,
) -> Result<PendingDelivery, StoreError> {
    let key = DeliveryKey {
        integration_id: row.parse("integration_id")?,
        seq: Seq(row.get("event_seq")?),
    };
    let prepared = by_seq.get(&key.seq).ok_or(StoreError::Corrupt { column: "event_seq" })?;
    let event = prepared.event();
    Ok(PendingDelivery {
        key,
        app_id: event.app_id,
        event_id: event.id,
        call_id: event.call_id,
        preview: event.preview,
        trace_parent: event.trace_parent,
        body: prepared.envelope().to_owned(),
        attempts: 0,
        earlier_attempts: 0,
        due,
    })
}
