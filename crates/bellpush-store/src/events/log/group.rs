//! Writes a group of requests in one transaction. A constant number of statements, however many
//! events there are: they go in as JSON.

use std::collections::{BTreeSet, HashMap, HashSet};

use bellpush_core::{
    delivery::{PendingDelivery, Seq},
    events::EventTime,
    ids::{AppId, EventId},
};
use sea_orm::DatabaseTransaction;

use super::{
    beside::Kept,
    plan::{Facts, KnownCall, Stage, Verdict},
    prepared::Prepared,
    rows::{self, ANSWERS_KEPT, CALL_ENDED, DELIVERY_KEPT, EVENT_KEPT},
};
use crate::{
    calls::state::{ENDED, FAILED, LIVE, LIVE_OF_APP},
    db::{self, AppNumber, Batch, Db, Lock, Row, to_json},
    error::{DatabaseError, StoreError},
    events::append::{Append, Refusal},
};

/// What is known of apps, events and calls, as one statement: each more would be a wait for an answer.
///
/// Events are looked up one by one. In a join, PostgreSQL would take a partition that was empty when it
/// planned to be read from end to end, and go on so while it fills.
pub(crate) const FACTS: &str = "
    SELECT 'app' AS kind, id, id AS app_id, CAST(NULL AS BIGINT) AS seq,
        NULL AS session_id, NULL AS state, NULL AS surveyed_call, NULL AS node_id
    FROM apps
    WHERE id IN (SELECT value ->> 1 FROM jsonb_each($1) WHERE value ->> 0 = 'app')
    UNION ALL
    SELECT 'event', value ->> 1,
        (SELECT app_id FROM events WHERE id = value ->> 1),
        (SELECT seq FROM events WHERE id = value ->> 1),
        NULL, NULL, NULL, NULL
    FROM jsonb_each($1)
    WHERE value ->> 0 = 'event'
      AND (SELECT seq FROM events WHERE id = value ->> 1) IS NOT NULL
    UNION ALL
    SELECT 'call', id, app_id, NULL, session_id, state, survey_responses.call_id, node_id
    FROM calls
    LEFT JOIN survey_responses ON survey_responses.call_id = calls.id
    WHERE id IN (SELECT value ->> 1 FROM jsonb_each($1) WHERE value ->> 0 = 'call')";

/// Why a group is written again: by then it is known what another node has written meanwhile.
const REPEATED_EVENT: &str = "repeated event";
const CALL_CHANGED: &str = "call changed";

/// What answers [`LIVE_OF_APP`].
const CALLS_COUNTED: &str = "calls counted";

/// Where an event is in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) seq: Seq,
    pub(super) repeated: bool,
}

/// What became of one request: the positions of its events, or the append that was refused.
pub(super) type Outcome = Result<Vec<Position>, (usize, Refusal)>;

/// What is to be done with each append of a request, or the one that broke a rule.
type Verdicts = Result<Vec<Verdict>, (usize, Refusal)>;

#[derive(Debug)]
pub(super) struct Written {
    /// One for each request, in order.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) deliveries: Vec<PendingDelivery>,
}

/// Writes what the rules allow of these requests, and what is kept beside events. On an error nothing
/// is written, unless it came from the commit: then nobody knows.
pub(super) async fn write(
    db: &Db,
    requests: &[&[Prepared]],
    beside: &[&Kept],
) -> Result<Written, StoreError> {
    if db.is_sqlite()
        && !requests.is_empty()
        && let Some(written) = write_at_once(db, requests, beside).await?
    {
        return Ok(written);
    }
    write_in_turn(db, requests, beside).await
}

/// Writes all of it, as if the rules allowed it, in the breath in which the facts are read: as a rule
/// they do. `None` when they do not, or the database refuses it, which it may do for no other reason;
/// nothing is written then.
async fn write_at_once(
    db: &Db,
    requests: &[&[Prepared]],
    beside: &[&Kept],
) -> Result<Option<Written>, StoreError> {
    let transaction = db::begin(&db.log).await?;
    let recorded_at = db::now();
    let all: Vec<&Prepared> = requests.iter().copied().flatten().collect();
    let mut batch = Batch::default();
    ask_facts(&mut batch, &all);
    rows::write_events(&mut batch, &all, recorded_at);
    rows::write_effects(&mut batch, &all, recorded_at);
    beside.iter().for_each(|kept| kept.record(&mut batch));
    let rows = match batch.run(&transaction).await.map_err(DatabaseError::from) {
        Ok(rows) => rows,
        Err(DatabaseError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut answer = Answer::read(rows)?;
    let verdicts = answer.judge(requests);
    let is_allowed = |verdicts: &Verdicts| {
        verdicts.as_ref().is_ok_and(|all| all.iter().all(|verdict| *verdict == Verdict::Write))
    };
    if !verdicts.iter().all(is_allowed) || answer.seqs.len() < all.len() || answer.once < once(&all)
    {
        db::rollback(transaction).await?;
        return Ok(None);
    }
    let written = answer.written(requests, verdicts, &all, recorded_at)?;
    db::commit(transaction).await?;
    Ok(Some(written))
}

/// Asks the facts first, and writes what is allowed by them.
async fn write_in_turn(
    db: &Db,
    requests: &[&[Prepared]],
    beside: &[&Kept],
) -> Result<Written, StoreError> {
    let transaction = db::begin(&db.log).await?;
    db::lock(&transaction, Lock::ReadConfiguration).await?;
    let recorded_at = db::now();
    let mut answer = Answer::default();
    if !requests.is_empty() {
        let all: Vec<_> = requests.iter().copied().flatten().collect();
        let mut batch = Batch::default();
        ask_facts(&mut batch, &all);
        if db.has_other_writers() {
            count_calls(&transaction, &mut batch, &all).await?;
        }
        answer = Answer::read(batch.run(&transaction).await?)?;
    }
    let verdicts = answer.judge(requests);
    let new: Vec<&Prepared> = requests
        .iter()
        .zip(&verdicts)
        .filter_map(|(request, verdicts)| Some(request.iter().zip(verdicts.as_ref().ok()?)))
        .flatten()
        .filter(|(_, verdict)| **verdict == Verdict::Write)
        .map(|(prepared, _)| prepared)
        .collect();
    if !new.is_empty() {
        let mut batch = Batch::default();
        rows::write_events(&mut batch, &new, recorded_at);
        let kept = Answer::read(batch.run(&transaction).await?)?;
        if kept.seqs.len() < new.len() {
            // Another node recorded one of them, or the end of the same call, since the facts were
            // read. What follows from it would be refused as if it were at fault.
            return Err(conflict(REPEATED_EVENT));
        }
        answer.seqs.extend(kept.seqs);
    }
    let mut batch = Batch::default();
    rows::write_effects(&mut batch, &new, recorded_at);
    beside.iter().for_each(|kept| kept.record(&mut batch));
    if batch.is_empty() {
        db::rollback(transaction).await?;
        return answer.written(requests, verdicts, &new, recorded_at);
    }
    let effects = Answer::read(batch.run(&transaction).await?)?;
    if effects.once < once(&new) {
        // Another node took one of the calls over since the facts were read, or ended it, or kept its
        // survey.
        return Err(conflict(CALL_CHANGED));
    }
    answer.deliveries = effects.deliveries;
    // Before the commit: what can't be answered is not to be on disk.
    let written = answer.written(requests, verdicts, &new, recorded_at)?;
    db::commit(transaction).await?;
    Ok(written)
}

fn conflict(with: &str) -> StoreError {
    DatabaseError::Conflict(with.into()).into()
}

/// Whether something in a group does not go with what is on disk. Nothing of it was written.
pub(super) fn is_at_odds(error: &StoreError) -> bool {
    let StoreError::Database(DatabaseError::Conflict(with)) = error else { return false };
    matches!(with.as_str(), REPEATED_EVENT | CALL_CHANGED)
}

/// How many of these do what is done once with a call: end it, or keep its survey.
fn once(appends: &[&Prepared]) -> usize {
    let is_done_once = |prepared: &&&Prepared| {
        matches!(prepared.append, Append::CallEnded { .. } | Append::Survey { .. })
    };
    appends.iter().filter(is_done_once).count()
}

/// Asks what is known of apps, events and calls that these mention.
fn ask_facts(batch: &mut Batch, appends: &[&Prepared]) {
    let mut asked = HashSet::new();
    for event in appends.iter().map(|prepared| prepared.event()) {
        asked.insert(("app", event.app_id.to_string()));
        asked.insert(("event", event.id.to_string()));
        asked.extend(event.call_id.map(|id| ("call", id.to_string())));
    }
    batch.add(FACTS, [to_json(&asked).into()]);
}

/// Asks how many calls are live of those apps whose new calls say how many may be. From here to the commit
/// no other node starts one of them.
async fn count_calls(
    transaction: &DatabaseTransaction,
    batch: &mut Batch,
    appends: &[&Prepared],
) -> Result<(), StoreError> {
    let counted = appends.iter().filter_map(|prepared| match &prepared.append {
        Append::CallStarted { event, call } if call.app_limit.is_some() => Some(event.app_id),
        _ => None,
    });
    let counted: BTreeSet<AppId> = counted.collect();
    // In the same order everywhere, that nobody waits in a circle: by the numbers of the locks, of which two
    // apps may have the same.
    for number in counted.iter().map(AppNumber::of).collect::<BTreeSet<_>>() {
        db::lock(transaction, Lock::CallsOfApp(number)).await?;
    }
    for app_id in counted {
        batch.add(LIVE_OF_APP, [app_id.to_string().into()]);
    }
    Ok(())
}

/// What the database answered.
#[derive(Default)]
struct Answer {
    facts: Facts,
    /// Of the events that were known, and of those that were kept.
    seqs: HashMap<EventId, Seq>,
    /// Rows of deliveries that were kept.
    deliveries: Vec<Row>,
    /// How many calls were ended, and surveys kept.
    once: usize,
}

impl Answer {
    fn read(rows: Vec<Row>) -> Result<Self, StoreError> {
        let mut answer = Self::default();
        let Self { facts, seqs, deliveries, once } = &mut answer;
        for row in rows {
            match row.get::<String>("kind")?.as_str() {
                "app" => _ = facts.apps.insert(row.parse("id")?),
                "event" => {
                    let (id, seq) = rows::kept_event(&row)?;
                    facts.events.insert(id, row.parse("app_id")?);
                    seqs.insert(id, seq);
                }
                CALLS_COUNTED => _ = facts.live.insert(row.parse("id")?, row.count("live")?),
                "call" => _ = facts.calls.insert(row.parse("id")?, known_call(&row)?),
                EVENT_KEPT => seqs.extend([rows::kept_event(&row)?]),
                DELIVERY_KEPT => deliveries.push(row),
                CALL_ENDED | ANSWERS_KEPT => *once += 1,
                _ => return Err(StoreError::Corrupt { column: "kind" }),
            }
        }
        Ok(answer)
    }

    fn judge(&mut self, requests: &[&[Prepared]]) -> Vec<Verdicts> {
        requests
            .iter()
            .map(|request| self.facts.admit(request.iter().map(|prepared| &prepared.append)))
            .collect()
    }

    /// `new` were kept.
    fn written(
        &self,
        requests: &[&[Prepared]],
        verdicts: Vec<Verdicts>,
        new: &[&Prepared],
        recorded_at: EventTime,
    ) -> Result<Written, StoreError> {
        let by_seq: HashMap<Seq, &Prepared> = new
            .iter()
            .filter_map(|prepared| Some((*self.seqs.get(&prepared.event().id)?, *prepared)))
            .collect();
        let deliveries = self.deliveries.iter();
        let mut deliveries = deliveries
            .map(|row| rows::kept_delivery(row, &by_seq, recorded_at))
            .collect::<Result<Vec<_>, _>>()?;
        deliveries.sort_unstable_by_key(|delivery| (delivery.key.seq, delivery.key.integration_id));
        let outcomes = requests
            .iter()
            .zip(verdicts)
            .map(|(request, verdicts)| match verdicts {
                Ok(verdicts) => Ok(Ok(positions(request, &verdicts, &self.seqs)?)),
                Err(refused) => Ok(Err(refused)),
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Written { outcomes, deliveries })
    }
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
    Ok(KnownCall {
        app_id: row.parse("app_id")?,
        session_id: row.parse("session_id")?,
        node_id: row.parse("node_id")?,
        stage,
    })
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
