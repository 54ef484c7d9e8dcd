//! Live calls: the edge between the call engine, the life cycle and the event log.
//!
//! The engine says what happens to a call; the life cycle says which event that is; the log makes
//! it durable; only then is it told to the widget. A call leaves this registry when its terminal
//! event is on disk.

use std::{sync::Arc, time::Duration};

use bellpush_call::Signal;
use bellpush_core::{
    events::{CatalogueEvent, ErrorCode, Event, EventTime},
    ids::CallId,
    lifecycle::{Input, Lifecycle, Phase},
    record::RecordEntry,
    routing::AnsweredBy,
    trace::CallFacts,
};
use bellpush_store::{
    Append, AppendError, Appended, CallEnd, CallFinish, Refusal, SecretHash, Session,
};
use tokio::sync::mpsc;
use tracing::{Instrument, error, info, warn};

use super::{
    call_clock::CallClock,
    permits::CallPermit,
    quality::{CallQuality, grade},
    registry::LiveCall,
    state::Calls,
    stream::{Content, Publisher},
    taking_over::moving,
};
use crate::event_log::{CallTrace, new_event_id};

/// How long the messages of a finished call stay in memory for widgets that reconnect; after that
/// they are read from the store.
const LINGER: Duration = Duration::from_secs(30);

/// How long a commit may be on its way whose answer was lost.
const IN_DOUBT: Duration = Duration::from_secs(60);

/// A call whose `call_started` is on disk.
#[derive(Debug)]
pub(super) struct AcceptedCall {
    pub(super) id: CallId,
    pub(super) session: Arc<Session>,
    pub(super) clock: CallClock,
    pub(super) trace: CallTrace,
    /// Its `call_started`, which is told first.
    pub(super) started: Content,
    /// What is known of it from another server.
    pub(super) before: Before,
    pub(super) signals: mpsc::Receiver<Signal>,
    /// Free for another call when this one is over.
    pub(super) permit: CallPermit,
    pub(super) offer: String,
    pub(super) answer: String,
    /// The hash of the token that takes it up.
    pub(super) resume: SecretHash,
}

/// What happened to a call at the server that had it before.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// When both sides heard each other first, if they did.
    pub(super) connected_at: Option<EventTime>,
    /// Who took it, if somebody did.
    pub(super) answered_by: Option<Box<AnsweredBy>>,
}

/// Registers an accepted call and follows it to its end in a task of its own.
pub(super) fn follow(calls: &Arc<Calls>, call: AcceptedCall) -> LiveCall {
    let publisher = Publisher::new();
    publisher.publish(call.started.clone());
    let session = Arc::clone(&call.session);
    let (offer, resume) = (call.offer.clone(), call.resume.clone());
    let entry = LiveCall::new(session, publisher.follow(), offer, &call.answer, resume);
    calls.live.insert(call.id, entry.clone());
    let span = tracing::info_span!("call", id = %call.id);
    if entry.session.sign_in_id.is_some() {
        calls.tasks.spawn(end_when_withdrawn(Arc::clone(calls), call.id, entry.clone()));
    }
    let calls = Arc::clone(calls);
    calls.tasks.spawn(
        {
            let calls = Arc::clone(&calls);
            let entry = entry.clone();
            async move { run(&calls, call, entry, publisher).await }
        }
        .instrument(span),
    );
    entry
}

/// Ends the call of a preview when who has begun it is signed out.
async fn end_when_withdrawn(calls: Arc<Calls>, id: CallId, entry: LiveCall) {
    tokio::select! {
        () = entry.finished() => {}
        () = calls.sessions.withdrawn(Arc::clone(&entry.session)) => calls.engine.end(id).await,
    }
}

async fn run(calls: &Arc<Calls>, mut call: AcceptedCall, entry: LiveCall, publisher: Publisher) {
    info!(app = %call.session.app_id, "accepted");
    let mut lifecycle = Lifecycle::live_since(call.clock.accepted_at());
    let Before { mut connected_at, answered_by } = std::mem::take(&mut call.before);
    let (mut answered_by, mut quality) = (answered_by.map(|by| *by), None);
    let (mut moving, mut is_elsewhere) = (entry.moving(), false);
    // Whoever drains may have said so before this begins.
    moving.mark_changed();
    let (mut sip_failure, mut network) = (None, None);
    while lifecycle.is_live() {
        let signal = tokio::select! {
            signal = call.signals.recv() => match signal {
                Some(signal) => signal,
                None if entry.is_elsewhere() => {
                    info!("let go of");
                    break;
                }
                // A channel that closes without a last word means that the engine died.
                None => Signal::Failed(ErrorCode::ServerShutdown),
            },
            Ok(()) = moving.changed() => {
                publisher.withdraw_move();
                if *moving.borrow_and_update() {
                    publisher.publish(Content::Move {});
                }
                continue;
            }
        };
        if let Some((phase, held)) = progress(&signal) {
            let (phase, held) = entry.advance(phase, held);
            calls.log.feed().call(call.session.app_id, call.id, phase, held);
        }
        if let Some(entry) = recorded(&signal) {
            calls.log.recorder().record(call.id, entry);
        }
        let input = match signal {
            Signal::Connecting => {
                publisher.publish(Content::Progress { phase: Phase::Connecting });
                continue;
            }
            Signal::Ringing => {
                publisher.publish(Content::Progress { phase: Phase::Ringing });
                continue;
            }
            Signal::Answered(by) => {
                answered_by = Some(*by);
                if calls.has_other_nodes() {
                    calls.tasks.spawn(moving::let_go_if_lost(Arc::clone(calls), call.id));
                }
                continue;
            }
            Signal::Rejected(failure) => {
                info!(
                    trunk = %failure.trunk_id,
                    sip_call_id = failure.call_id,
                    status = failure.status,
                    reason_phrase = failure.reason_phrase,
                    warning = failure.warning,
                    reason = failure.reason,
                    "not taken by the phone system",
                );
                sip_failure = Some(*failure);
                continue;
            }
            Signal::Network(kind) => {
                network = Some(kind);
                continue;
            }
            Signal::Connected => {
                publisher.publish(Content::Progress { phase: Phase::Connected });
                connected_at.get_or_insert_with(|| call.clock.now());
                if let Some(present) = entry.connected() {
                    let forgetting = forget_former_token(Arc::clone(calls), call.id, present);
                    calls.tasks.spawn(forgetting);
                }
                continue;
            }
            Signal::Reconnecting => {
                publisher.publish(Content::Progress { phase: Phase::Reconnecting });
                continue;
            }
            // The life cycle has no phase for it: the call stays connected.
            Signal::Held(held) => {
                publisher.publish(Content::Hold { held });
                continue;
            }
            Signal::Notice(notice) => {
                publisher.publish(Content::Notice { notice });
                continue;
            }
            Signal::Quality(report) => {
                quality = Some(report);
                continue;
            }
            Signal::Sample(_) => continue,
            Signal::Ended(reason) => Input::HangUp(reason),
            Signal::Failed(code) => Input::Fail(code),
        };
        let now = call.clock.now();
        let Ok(Some(terminal)) = lifecycle.handle(now, input) else { continue };
        let event = event_of(&call.session, call.id, &terminal, now);
        let event = Event { trace_parent: call.trace.place, ..event };
        if let Some(end) = end_of(&terminal) {
            let error = error_of(&end);
            let measured = quality.take();
            // Of a call that nobody took, nothing was to be heard.
            let heard = measured.as_deref().filter(|_| connected_at.is_some());
            let quality_grade = heard.and_then(grade);
            let quality = CallQuality::of(measured.as_deref(), entry.warnings());
            let quality = quality.and_then(|quality| serde_json::to_value(quality).ok());
            let answered_by = answered_by.take();
            // Of a call that somebody took, or that ended while another rang, it was another who did not.
            let is_refused = answered_by.is_none() && is_refused(&end);
            let sip_failure = sip_failure.take().filter(|_| is_refused);
            let finish = CallFinish {
                end,
                connected_at,
                answered_by,
                quality,
                quality_grade,
                sip_failure,
                network,
            };
            let facts = CallFacts {
                id: call.id,
                app_id: call.session.app_id,
                start_time: call.clock.accepted_at().timestamp(),
                end_time: now.timestamp(),
                end: &event.envelope.name,
                error,
            };
            match append_terminal(calls, &event, &finish).await {
                Ok(appended) => {
                    calls.log.call_ended(call.trace, facts);
                    publisher.publish(Content::event(&appended));
                }
                // Nothing of it is to be ended here: it goes on, or was ended by whoever took it for lost.
                Err(Refusal::LivesElsewhere | Refusal::AlreadyEnded) => {
                    is_elsewhere = true;
                    entry.lost();
                }
                // There is no log any more that it could be in, and still a visitor to be told.
                Err(Refusal::UnknownApp) => publisher.publish(Content::unrecorded(&event)),
                Err(refusal) => warn!(%refusal, "the end of the call is not stored"),
            }
        }
        if is_elsewhere {
            info!("it is another server's");
        } else {
            info!(event = %event.envelope.name, "over");
        }
    }
    calls.log.recorder().end(call.id);
    publisher.finish();
    drop(call.permit);
    let calls = Arc::clone(calls);
    let id = call.id;
    tokio::spawn(async move {
        tokio::time::sleep(LINGER).await;
        calls.live.remove(id, &entry);
    });
}

/// From now on the token of before takes the call up at no other server, either. Should the store not take
/// that, it is of no use a moment later by itself.
async fn forget_former_token(calls: Arc<Calls>, id: CallId, present: SecretHash) {
    if let Err(error) = calls.store.forget_former_token(id, calls.node_id, &present).await {
        warn!(call = %id, %error, "a token that was used is still good for a moment");
    }
}

/// The phase that a signal brings, or whether the far side holds the visitor.
fn progress(signal: &Signal) -> Option<(Option<Phase>, Option<bool>)> {
    match signal {
        Signal::Connecting => Some((Some(Phase::Connecting), None)),
        Signal::Ringing => Some((Some(Phase::Ringing), None)),
        Signal::Connected => Some((Some(Phase::Connected), None)),
        Signal::Reconnecting => Some((Some(Phase::Reconnecting), None)),
        Signal::Held(held) => Some((None, Some(*held))),
        _ => None,
    }
}

/// What the call's record says of a signal. Its end is an event.
fn recorded(signal: &Signal) -> Option<RecordEntry> {
    let phase = |phase| Some(RecordEntry::Phase { phase });
    match signal {
        Signal::Connecting => phase(Phase::Connecting),
        Signal::Ringing => phase(Phase::Ringing),
        Signal::Connected => phase(Phase::Connected),
        Signal::Reconnecting => phase(Phase::Reconnecting),
        Signal::Held(held) => Some(RecordEntry::Hold { held: *held }),
        Signal::Notice(notice) => Some(RecordEntry::Notice { notice: *notice }),
        Signal::Answered(by) => Some(RecordEntry::Answered {
            profile_id: by.profile_id,
            trunk_id: by.dialog.as_ref().map(|dialog| dialog.trunk_id),
        }),
        Signal::Rejected(failure) => Some(RecordEntry::Rejected { failure: (**failure).clone() }),
        Signal::Sample(sample) => Some(RecordEntry::Quality(**sample)),
        Signal::Network(_) | Signal::Quality(_) | Signal::Ended(_) | Signal::Failed(_) => None,
    }
}

pub(crate) fn event_of(
    session: &Session,
    call_id: CallId,
    event: &CatalogueEvent,
    at: EventTime,
) -> Event {
    Event {
        id: new_event_id(),
        app_id: session.app_id,
        session_id: session.id,
        call_id: Some(call_id),
        preview: session.preview,
        trace_parent: None,
        envelope: event.envelope(&session.context, session.preview, at),
    }
}

/// What the call's record keeps of its end.
fn end_of(event: &CatalogueEvent) -> Option<CallEnd> {
    match *event {
        CatalogueEvent::CallEnded { duration, reason } => Some(CallEnd::Ended { reason, duration }),
        CatalogueEvent::CallError { code } => Some(CallEnd::Failed { code }),
        _ => None,
    }
}

/// The code of a call that failed.
const fn error_of(end: &CallEnd) -> Option<&'static str> {
    match end {
        CallEnd::Failed { code } => Some(code.as_str()),
        CallEnd::Ended { .. } => None,
    }
}

/// Whether a call ended because nobody took it.
const fn is_refused(end: &CallEnd) -> bool {
    use ErrorCode::{DestinationBusy, DestinationRejected, DestinationUnreachable, NoAnswer};
    matches!(
        end,
        CallEnd::Failed {
            code: DestinationBusy | DestinationRejected | DestinationUnreachable | NoAnswer,
        }
    )
}

/// Makes the end of a call durable, however long the store needs. Refused when another node has
/// already ended it, or has taken it over, or its app was deleted.
async fn append_terminal(
    calls: &Calls,
    event: &Event,
    finish: &CallFinish,
) -> Result<Appended, Refusal> {
    let mut pause = Duration::from_millis(50);
    loop {
        let (event, finish) = (event.clone(), finish.clone());
        let append = Append::CallEnded { event, finish, node_id: calls.node_id };
        match calls.log.append(vec![append]).await.map(|appended| appended.into_iter().next()) {
            Ok(Some(appended)) => return Ok(appended),
            Err(AppendError::Refused { reason, .. }) => return Err(reason),
            failed => {
                let error = failed.err().map(|error| error.to_string());
                error!(error, "the end of the call can't be stored yet; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    }
}

/// Ends a call of which the store could not say whether its `call_started` is on disk, in case that
/// it is: nobody was told of the call, so nobody else would.
pub(super) async fn end_if_started(
    calls: &Calls,
    session: &Session,
    id: CallId,
    (clock, trace): (CallClock, CallTrace),
) {
    let code = ErrorCode::SignalingFailed;
    let event = event_of(session, id, &CatalogueEvent::CallError { code }, clock.now());
    let event = Event { trace_parent: trace.place, ..event };
    let finish = CallFinish::from(CallEnd::Failed { code });
    // What the database was sent before may still be on its way.
    while clock.elapsed() < IN_DOUBT {
        if append_terminal(calls, &event, &finish).await != Err(Refusal::UnknownCall) {
            return;
        }
        tokio::time::sleep(IN_DOUBT / 12).await;
    }
}
