//! Writes a group of requests in one transaction. A constant number of statements, however many
//! events there are: they go in as JSON.

use std::collections::{HashMap, HashSet};

use bellpush_core::{
    delivery::{AttemptRecord, DeliveryKey, PendingDelivery, Seq},
    events::{Event, EventTime},
    ids::EventId,
};
use sea_orm::DatabaseTransaction;
use serde::Serialize;

use super::plan::{Facts, KnownCall, Stage, Verdict};
use crate::{
    calls::state::{ENDED, FAILED, LIVE},
    db::{self, Db, Lock, Row, to_json},
    deliveries::attempts,
    error::{DatabaseError, StoreError},
    events::append::{Append, CallEnd, CallFinish, NewCallback, Refusal},
};

/// What is known of apps, events and calls, as one statement: each more would be a wait for an answer.
pub(crate) const FACTS: &str = "
    SELECT 'app' AS kind, id, id AS app_id, CAST(NULL AS BIGINT) AS seq,
        NULL AS session_id, NULL AS state, NULL AS surveyed_call
    FROM apps
    WHERE id IN (SELECT value ->> 1 FROM jsonb_each($1) WHERE value ->> 0 = 'app')
    UNION ALL
    SELECT 'event', id, app_id, seq, NULL, NULL, NULL
    FROM events
    WHERE id IN (SELECT value ->> 1 FROM jsonb_each($1) WHERE value ->> 0 = 'event')
    UNION ALL
    SELECT 'call', id, app_id, NULL, session_id, state, survey_responses.call_id
    FROM calls
    LEFT JOIN survey_responses ON survey_responses.call_id = calls.id
    WHERE id IN (SELECT value ->> 1 FROM jsonb_each($1) WHERE value ->> 0 = 'call')";

pub(crate) const INSERT_DELIVERIES: &str = "
    INSERT INTO deliveries (integration_id, event_seq, status, attempts, next_due)
    SELECT integrations.id, CAST(given.value ->> 0 AS BIGINT), 'pending', 0, $2
    FROM jsonb_each($1) AS given
    JOIN integrations ON integrations.app_id = given.value ->> 1
    JOIN integration_events ON integration_events.integration_id = integrations.id
    WHERE integration_events.name = given.value ->> 2
      AND integrations.active
      AND (integrations.include_previews OR NOT CAST(given.value ->> 3 AS BOOLEAN))
    RETURNING integration_id, event_seq";

/// An append with its envelope in the form that is kept.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) append: Append,
    envelope: String,
}

impl Prepared {
    pub(super) fn new(append: Append) -> Self {
        let envelope = to_json(&append.event().envelope);
        Self { append, envelope }
    }

    fn event(&self) -> &Event {
        self.append.event()
    }
}

/// Where an event is in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) seq: Seq,
    pub(super) repeated: bool,
}

/// What became of one request: the positions of its events, or the append that was refused.
pub(super) type Outcome = Result<Vec<Position>, (usize, Refusal)>;

#[derive(Debug)]
pub(super) struct Written {
    /// One for each request, in order.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) deliveries: Vec<PendingDelivery>,
}

/// Writes what the rules allow of these requests, and keeps attempts that ended. On an error nothing
/// is written.
pub(super) async fn write(
    db: &Db,
    requests: &[&[Prepared]],
    attempts: &[&[AttemptRecord]],
) -> Result<Written, StoreError> {
    let transaction = db::begin(&db.log).await?;
    db::lock(&transaction, Lock::ReadConfiguration).await?;
    let (mut facts, mut seqs) = if requests.is_empty() {
        Default::default()
    } else {
        read_facts(&transaction, requests).await?
    };
    let verdicts: Vec<_> = requests
        .iter()
        .map(|request| facts.admit(request.iter().map(|prepared| &prepared.append)))
        .collect();
    let new: Vec<&Prepared> = requests
        .iter()
        .zip(&verdicts)
        .filter_map(|(request, verdicts)| Some(request.iter().zip(verdicts.as_ref().ok()?)))
        .flatten()
        .filter(|(_, verdict)| **verdict == Verdict::Write)
        .map(|(prepared, _)| prepared)
        .collect();
    let mut deliveries = Vec::new();
    if !new.is_empty() {
        let recorded_at = db::now();
        let new_seqs = insert_events(&transaction, &new, recorded_at).await?;
        seqs.extend(&new_seqs);
        write_traces(&transaction, &new, &new_seqs).await?;
        write_calls(&transaction, &new).await?;
        deliveries = insert_deliveries(&transaction, &new, &new_seqs, recorded_at).await?;
    }
    for records in attempts {
        attempts::record(&transaction, records).await?;
    }
    if new.is_empty() && attempts.is_empty() {
        transaction.rollback().await?;
    } else {
        db::commit(transaction).await?;
    }
    let outcomes = requests
        .iter()
        .zip(verdicts)
        .map(|(request, verdicts)| match verdicts {
            Ok(verdicts) => Ok(Ok(positions(request, &verdicts, &seqs)?)),
            Err(refused) => Ok(Err(refused)),
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Written { outcomes, deliveries })
}

fn positions(
    request: &[Prepared],
    verdicts: &[Verdict],
    seqs: &HashMap<EventId, Seq>,
) -> Result<Vec<Position>, StoreError> {
    request
        .iter()
        .zip(verdicts)
        .map(|(prepared, verdict)| {
            let seq =
                *seqs.get(&prepared.event().id).ok_or(StoreError::Corrupt { column: "seq" })?;
            Ok(Position { seq, repeated: *verdict == Verdict::Repeated })
        })
        .collect()
}

async fn read_facts(
    transaction: &DatabaseTransaction,
    requests: &[&[Prepared]],
) -> Result<(Facts, HashMap<EventId, Seq>), StoreError> {
    let events = || requests.iter().copied().flatten().map(Prepared::event);
    let mut facts = Facts::default();
    let mut seqs = HashMap::new();

    let mut asked = HashSet::new();
    for event in events() {
        asked.insert(("app", event.app_id.to_string()));
        asked.insert(("event", event.id.to_string()));
        asked.extend(event.call_id.map(|id| ("call", id.to_string())));
    }
    for row in db::all(transaction, FACTS, [to_json(&asked).into()]).await? {
        match row.get::<String>("kind")?.as_str() {
            "app" => _ = facts.apps.insert(row.parse("id")?),
            "event" => {
                let id = row.parse("id")?;
                facts.events.insert(id, row.parse("app_id")?);
                seqs.insert(id, Seq(row.get("seq")?));
            }
            _ => _ = facts.calls.insert(row.parse("id")?, known_call(&row)?),
        }
    }
    Ok((facts, seqs))
}

fn known_call(row: &Row) -> Result<KnownCall, StoreError> {
    let is_surveyed = row.get::<Option<String>>("surveyed_call")?.is_some();
    let stage = match row.get::<String>("state")?.as_str() {
        LIVE => Stage::Live,
        ENDED if is_surveyed => Stage::Surveyed,
        ENDED => Stage::Ended,
        FAILED => Stage::Failed,
        _ => return Err(StoreError::Corrupt { column: "state" }),
    };
    Ok(KnownCall { app_id: row.parse("app_id")?, session_id: row.parse("session_id")?, stage })
}

async fn insert_events(
    transaction: &DatabaseTransaction,
    new: &[&Prepared],
    recorded_at: EventTime,
) -> Result<HashMap<EventId, Seq>, StoreError> {
    let rows: Vec<_> = new
        .iter()
        .enumerate()
        .map(|(position, prepared)| {
            let Event { id, app_id, session_id, call_id, preview, envelope, .. } = prepared.event();
            let occurred_at = envelope.timestamp.millis();
            let (name, body) = (&envelope.name, &prepared.envelope);
            (position, id, app_id, session_id, call_id, name, preview, body, occurred_at)
        })
        .collect();
    let sql = "
        INSERT INTO events
            (id, app_id, session_id, call_id, name, preview, envelope, occurred_at, recorded_at)
        SELECT
            value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
            CAST(value ->> 6 AS BOOLEAN), value ->> 7, CAST(value ->> 8 AS BIGINT), $2
        FROM jsonb_each($1)
        WHERE TRUE
        ORDER BY CAST(value ->> 0 AS BIGINT)
        ON CONFLICT DO NOTHING
        RETURNING id, seq";
    let values = [to_json(&rows).into(), recorded_at.millis().into()];
    let seqs = db::all(transaction, sql, values)
        .await?
        .iter()
        .map(|row| Ok((row.parse("id")?, Seq(row.get("seq")?))))
        .collect::<Result<HashMap<_, _>, StoreError>>()?;
    if seqs.len() < new.len() {
        // Another node recorded one of them, or the end of the same call, since the facts were read.
        return Err(DatabaseError::Conflict("repeated event".into()).into());
    }
    Ok(seqs)
}

/// Brings the calls to where their events say they are.
async fn write_calls(
    transaction: &DatabaseTransaction,
    new: &[&Prepared],
) -> Result<(), StoreError> {
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
                ));
            }
            Append::CallEnded { finish, .. } => {
                let CallFinish { end, connected_at, answered_by, quality, sip_failure } = finish;
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
                let sip_failure = sip_failure.as_ref().map(to_json);
                over.push((
                    (call_id, state, at, connected, reason, duration, code),
                    (profile, trunk, sip_call_id, quality, sip_failure),
                ));
            }
            Append::Survey { answers, .. } => surveys.push((call_id, id, to_json(answers))),
            Append::CallbackRequested { request, .. } => {
                let NewCallback { id: request_id, call_id, reason, form_values } = request;
                let values = to_json(form_values);
                callbacks.push((request_id, app_id, session_id, id, call_id, reason, values, at));
            }
        }
    }
    let sql = "
        INSERT INTO calls
            (id, app_id, session_id, destination_id, profile_id, routing_key, node_id, form_values,
             state, started_at, consent)
        SELECT
            value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
            value ->> 6, value ->> 7, 'live', CAST(value ->> 8 AS BIGINT),
            value ->> 9
        FROM jsonb_each($1)";
    write_rows(transaction, sql, &started).await?;
    let sql = "
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
            sip_failure = given.value -> 1 ->> 4
        FROM jsonb_each($1) AS given
        WHERE calls.id = given.value -> 0 ->> 0";
    write_rows(transaction, sql, &over).await?;
    let sql = "
        INSERT INTO survey_responses (call_id, event_id, answers)
        SELECT value ->> 0, value ->> 1, value ->> 2
        FROM jsonb_each($1)";
    write_rows(transaction, sql, &surveys).await?;
    let sql = "
        INSERT INTO callback_requests
            (id, app_id, session_id, event_id, call_id, reason, form_values, requested_at)
        SELECT
            value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
            value ->> 6, CAST(value ->> 7 AS BIGINT)
        FROM jsonb_each($1)";
    write_rows(transaction, sql, &callbacks).await
}

/// Keeps the parents of events in their traces, of those that have one.
async fn write_traces(
    transaction: &DatabaseTransaction,
    new: &[&Prepared],
    seqs: &HashMap<EventId, Seq>,
) -> Result<(), StoreError> {
    let rows: Vec<_> = new
        .iter()
        .filter_map(|prepared| {
            let Event { id, trace_parent, .. } = prepared.event();
            Some((seqs.get(id)?, (*trace_parent)?.to_string()))
        })
        .collect();
    let sql = "
        INSERT INTO event_traces (event_seq, trace_parent)
        SELECT CAST(value ->> 0 AS BIGINT), value ->> 1
        FROM jsonb_each($1)";
    write_rows(transaction, sql, &rows).await
}

async fn write_rows(
    transaction: &DatabaseTransaction,
    sql: &str,
    rows: &[impl Serialize],
) -> Result<(), StoreError> {
    if !rows.is_empty() {
        db::execute(transaction, sql, [to_json(&rows).into()]).await?;
    }
    Ok(())
}

/// One delivery for each new event and active integration that selected it, oldest first.
async fn insert_deliveries(
    transaction: &DatabaseTransaction,
    new: &[&Prepared],
    seqs: &HashMap<EventId, Seq>,
    due: EventTime,
) -> Result<Vec<PendingDelivery>, StoreError> {
    let by_seq: HashMap<Seq, &Prepared> = new
        .iter()
        .filter_map(|prepared| Some((*seqs.get(&prepared.event().id)?, *prepared)))
        .collect();
    let rows: Vec<_> = by_seq
        .iter()
        .map(|(seq, prepared)| {
            let event = prepared.event();
            (seq, event.app_id, &event.envelope.name, event.preview)
        })
        .collect();
    let values = [to_json(&rows).into(), due.millis().into()];
    let mut deliveries = db::all(transaction, INSERT_DELIVERIES, values)
        .await?
        .iter()
        .map(|row| {
            let key = DeliveryKey {
                integration_id: row.parse("integration_id")?,
                seq: Seq(row.get("event_seq")?),
            };
            let prepared =
                by_seq.get(&key.seq).ok_or(StoreError::Corrupt { column: "event_seq" })?;
            let event = prepared.event();
            Ok(PendingDelivery {
                key,
                app_id: event.app_id,
                event_id: event.id,
                call_id: event.call_id,
                trace_parent: event.trace_parent,
                body: prepared.envelope.clone(),
                attempts: 0,
                earlier_attempts: 0,
                due,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    deliveries.sort_unstable_by_key(|delivery| (delivery.key.seq, delivery.key.integration_id));
    Ok(deliveries)
}
