//! `…/calls/{callId}/timeline`: all that is known of a call, in one order.

mod order;
mod view;

use axum::{Json, extract::State};
use bellpush_core::{
    access::Resource,
    delivery::Seq,
    events::{EventName, EventTime},
    ids::{AppId, CallId, EventId},
    quality::episodes,
    record::{RecordEntry, Recorded},
};
use bellpush_store::{
    CallAttempt, CallDelivery, CallRecord, CallState, CallbackRequest, EventFilter, FoundCall,
    PageRequest, RecordedEvent, Store,
};
use serde_json::value::RawValue;

use self::{
    order::{Other, Timed, ordered},
    view::{Happening, RecordState, SampleView, Timeline, TimelineItem},
};
use super::read::find;
use crate::{access::Caller, api::path::PathIds, http::problem::Problem, records::Records};

/// Events of one call in its timeline, at most.
const MAX_EVENTS: usize = 1_000;

/// Read a call's timeline
///
/// Events, phases, SIP messages, quality, warnings, deliveries and their attempts, consent, form and
/// survey, in the order in which they happened: what the call's server saw is in the order in which
/// it saw it, whatever its clock did. Events, deliveries and call-back requests are in it for those who
/// may read these.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/calls/{callId}/timeline", operation_id = "readTimeline", tag = "calls",
    params(("appId" = String, Path), ("callId" = String, Path)),
    responses((status = 200, body = Timeline))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    State(records): State<Records>,
    caller: Caller,
    PathIds((app_id, id)): PathIds<(AppId, CallId)>,
) -> Result<Json<Timeline>, Problem> {
    let call = find(&store, app_id, id).await?;
    let record = records.of_call(id).await?;
    let may = |resource| caller.may_read(resource, app_id);
    let mut beside = Beside::default();
    if may(Resource::Events) {
        beside.events = events(&store, app_id, id).await?;
    }
    if may(Resource::Deliveries) {
        (beside.deliveries, beside.attempts) = store.call_deliveries(app_id, id).await?;
    }
    if may(Resource::Callbacks) {
        beside.callbacks = store.callbacks_of_call(id).await?;
    }
    let recorded = RecordState {
        kept: record.since.is_some(),
        dropped: record.dropped,
        until: record.since.and_then(|since| records.kept_until(since)),
    };
    let (items, quality) = timeline(&call, record, beside)?;
    Ok(Json(Timeline { call: call.into(), items, quality, recorded }))
}

/// The events of a call, oldest first; of too many, the beginning and the last ones.
async fn events(
    store: &Store,
    app_id: AppId,
    call_id: CallId,
) -> Result<Vec<RecordedEvent>, Problem> {
    let filter = EventFilter { call_id: Some(call_id), ..EventFilter::default() };
    let (mut events, mut after) = (Vec::new(), None::<Seq>);
    while events.len() < MAX_EVENTS {
        let page = store.events(app_id, &filter, PageRequest { after, limit: 500 }).await?;
        events.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if after.is_some() && !events.iter().any(begins) {
        let name = Some(EventName::CallStarted.as_str().to_owned());
        let filter = EventFilter { name, ..filter };
        events.extend(store.events(app_id, &filter, PageRequest::first(1)).await?.items);
    }
    events.reverse();
    Ok(events)
}

fn begins(event: &RecordedEvent) -> bool {
    event.name == EventName::CallStarted.as_str()
}

/// What others know of a call, as far as the reader may know it.
#[derive(Default)]
struct Beside {
    events: Vec<RecordedEvent>,
    deliveries: Vec<CallDelivery>,
    attempts: Vec<CallAttempt>,
    callbacks: Vec<CallbackRequest>,
}

/// Puts all into one order, and the samples apart.
fn timeline(
    call: &FoundCall,
    record: CallRecord,
    beside: Beside,
) -> Result<(Vec<TimelineItem>, Vec<SampleView>), Problem> {
    let mut events = std::collections::HashMap::new();
    let mut order = Vec::new();
    for recorded in beside.events {
        let is_survey = recorded.name == EventName::SurveySubmitted.as_str();
        order.push((recorded.id, recorded.occurred_at, is_survey));
        events.insert(recorded.id, happened(recorded)?);
    }
    let (mut seen, mut samples) = (Vec::new(), Vec::new());
    for Recorded { seq, at, entry } in record.entries {
        let what = match entry {
            RecordEntry::Quality(sample) => {
                samples.push((at, sample));
                continue;
            }
            RecordEntry::Event { id } => match events.remove(&id) {
                Some(event) => event,
                // It was erased, or is one of too many.
                None => continue,
            },
            RecordEntry::Phase { phase } => Happening::Phase { phase },
            RecordEntry::Hold { held } => Happening::Hold { held },
            RecordEntry::Notice { notice } => Happening::Notice { notice },
            RecordEntry::Answered { profile_id, trunk_id } => {
                Happening::Answered { profile_id, trunk_id }
            }
            RecordEntry::TakenOver(taken) => Happening::TakenOver(taken),
            RecordEntry::Rejected { failure } => Happening::Rejected { failure },
            RecordEntry::Warning { warning, raised } => Happening::Warning { warning, raised },
            RecordEntry::Sip(message) => Happening::Sip(Box::new(message.into())),
        };
        seen.push(Timed { at, seq: Some(seq), what });
    }
    let mut others = before_the_call(call);
    // The answers are the call's own: who may not read its events has them where it ended.
    let is_told = order.iter().any(|(_, _, is_survey)| *is_survey);
    if let Some(survey) = call.survey.clone().filter(|_| !is_told) {
        let at = match call.call.state {
            CallState::Live => call.call.started_at,
            CallState::Ended { at, .. } | CallState::Failed { at, .. } => at,
        };
        let at = micros(at);
        others.push(Other { at, after: None, what: Happening::Survey { survey } });
    }
    for (id, at, is_survey) in order {
        let at = micros(at);
        if let Some(event) = events.remove(&id) {
            others.push(Other { at, after: None, what: event });
        }
        if let Some(survey) = call.survey.clone().filter(|_| is_survey) {
            others.push(Other { at, after: Some(id), what: Happening::Survey { survey } });
        }
    }
    others.extend(episodes(&samples).into_iter().filter_map(|episode| {
        let what = Happening::Quality {
            side: episode.side,
            trouble: episode.trouble,
            until: time(episode.to)?,
            value: (episode.value * 100.0).round() / 100.0,
            text: episode.to_string(),
        };
        Some(Other { at: episode.from, after: None, what })
    }));
    others.extend(beside.deliveries.into_iter().map(delivery));
    others.extend(beside.attempts.into_iter().map(attempt));
    others.extend(beside.callbacks.into_iter().map(|callback| {
        let (id, reason) = (callback.id, callback.reason);
        let what = Happening::Callback { id, reason };
        Other { at: micros(callback.requested_at), after: None, what }
    }));
    let items = ordered(seen, others, event_of).into_iter().filter_map(|item| {
        let Timed { at, seq, what } = item;
        Some(TimelineItem { at: time(at)?, at_micros: at, seq, what })
    });
    let samples = samples.into_iter();
    let quality = samples.filter_map(|(at, sample)| Some(SampleView { at: time(at)?, sample }));
    Ok((items.collect(), quality.collect()))
}

/// What the visitor did before.
fn before_the_call(found: &FoundCall) -> Vec<Other<Happening>> {
    let at = micros(found.call.started_at);
    let before = |what| Other { at, after: None, what };
    let consent = found.call.consent.clone().map(|consent| Happening::Consent { consent });
    let form = found.call.form_values.clone().map(|values| Happening::Form { values });
    consent.into_iter().chain(form).map(before).collect()
}

fn happened(recorded: RecordedEvent) -> Result<Happening, Problem> {
    let event = RawValue::from_string(recorded.envelope)
        .map_err(|_| Problem::internal("an event in the store can't be read"))?;
    Ok(Happening::Event { id: recorded.id, name: recorded.name, event })
}

fn delivery(CallDelivery { delivery, integration_name }: CallDelivery) -> Other<Happening> {
    let what = Happening::Delivery {
        integration_id: delivery.key.integration_id,
        integration_name,
        event_id: delivery.event_id,
        status: delivery.status,
        attempts: delivery.attempts,
    };
    Other { at: micros(delivery.recorded_at), after: Some(delivery.event_id), what }
}

fn attempt(CallAttempt { integration_id, event_id, attempt }: CallAttempt) -> Other<Happening> {
    let what = Happening::Attempt {
        integration_id,
        event_id,
        number: attempt.number,
        duration_ms: attempt.duration_ms,
        status: attempt.status,
        failure: attempt.failure,
        detail: attempt.detail,
    };
    Other { at: micros(attempt.started_at), after: Some(event_id), what }
}

fn event_of(what: &Happening) -> Option<EventId> {
    match what {
        Happening::Event { id, .. } => Some(*id),
        _ => None,
    }
}

fn micros(at: EventTime) -> i64 {
    at.millis().saturating_mul(1_000)
}

fn time(micros: i64) -> Option<EventTime> {
    EventTime::from_millis(micros.div_euclid(1_000))
}
