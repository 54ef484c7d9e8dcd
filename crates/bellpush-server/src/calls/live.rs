//! Live calls: the edge between the call engine, the life cycle and the event log.
//!
//! The engine says what happens to a call; the life cycle says which event that is; the log makes
//! it durable; only then is it told to the widget. A call leaves this registry when its terminal
//! event is on disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bellpush_call::Signal;
use bellpush_core::{
    events::{CatalogueEvent, ErrorCode, Event, EventTime},
    ids::{CallId, SessionId},
    lifecycle::{Input, Lifecycle, Phase},
};
use bellpush_store::{Append, AppendError, Appended, CallFinish, Refusal, Session};
use tokio::sync::mpsc;
use tracing::{Instrument, error, info, warn};

use super::stream::{Content, Follower, Publisher};
use crate::{Server, new_event_id};

/// How long the messages of a finished call stay in memory for widgets that reconnect; after that
/// they are read from the store.
const LINGER: Duration = Duration::from_secs(30);

/// The calls of this process.
#[derive(Debug, Default)]
pub(crate) struct LiveCalls(Mutex<HashMap<CallId, LiveCall>>);

/// What requests need to know of a live call.
#[derive(Debug, Clone)]
pub(crate) struct LiveCall {
    pub(crate) session_id: SessionId,
    follower: Follower,
}

impl LiveCall {
    pub(crate) fn follow(&self) -> Follower {
        self.follower.clone()
    }

    /// Whether the terminal event is on disk.
    pub(crate) fn is_over(&self) -> bool {
        self.follower.clone().after(u64::MAX).1
    }

    /// Waits until the terminal event is on disk.
    pub(crate) async fn finished(&self) {
        let mut follower = self.follower.clone();
        while !follower.after(u64::MAX).1 && follower.changed().await {}
    }
}

impl LiveCalls {
    pub(crate) fn find(&self, id: CallId) -> Option<LiveCall> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, LiveCall>> {
        // A map of values that are whole at any time: a panic elsewhere does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call whose `call_started` is on disk.
#[derive(Debug)]
pub(super) struct AcceptedCall {
    pub(super) id: CallId,
    pub(super) session: Arc<Session>,
    pub(super) accepted_at: EventTime,
    pub(super) started: Appended,
    pub(super) signals: mpsc::Receiver<Signal>,
}

/// Registers an accepted call and follows it to its end in a task of its own.
pub(super) fn follow(server: &Arc<Server>, call: AcceptedCall) {
    let publisher = Publisher::new();
    publisher.publish(Content::event(&call.started));
    let entry = LiveCall { session_id: call.session.id, follower: publisher.follow() };
    server.live_calls.lock().insert(call.id, entry);
    let span = tracing::info_span!("call", id = %call.id);
    let server = Arc::clone(server);
    server.tasks.spawn(
        {
            let server = Arc::clone(&server);
            async move { run(&server, call, publisher).await }
        }
        .instrument(span),
    );
}

async fn run(server: &Arc<Server>, mut call: AcceptedCall, publisher: Publisher) {
    info!(app = %call.session.app_id, "accepted");
    let mut lifecycle = Lifecycle::live_since(call.accepted_at);
    let mut connected_at = None;
    while lifecycle.is_live() {
        // A channel that closes without a last word means that the engine died.
        let signal = call.signals.recv().await.unwrap_or(Signal::Failed(ErrorCode::ServerShutdown));
        let input = match signal {
            Signal::Connecting => {
                publisher.publish(Content::Progress { phase: Phase::Connecting });
                continue;
            }
            Signal::Ringing => {
                publisher.publish(Content::Progress { phase: Phase::Ringing });
                continue;
            }
            Signal::Connected => {
                publisher.publish(Content::Progress { phase: Phase::Connected });
                connected_at.get_or_insert_with(|| server.now());
                continue;
            }
            Signal::Reconnecting => {
                publisher.publish(Content::Progress { phase: Phase::Reconnecting });
                continue;
            }
            // The life cycle has no phase for it: the call stays connected.
            Signal::Held(_) | Signal::Quality(_) => continue,
            Signal::Ended(reason) => Input::HangUp(reason),
            Signal::Failed(code) => Input::Fail(code),
        };
        let now = server.now();
        let Ok(Some(terminal)) = lifecycle.handle(now, input) else { continue };
        let event = event_of(&call.session, call.id, &terminal, now);
        if let Some(finish) = finish_of(&terminal, connected_at)
            && let Some(appended) = append_terminal(server, &event, finish).await
        {
            publisher.publish(Content::event(&appended));
        }
        info!(event = %event.envelope.name, "over");
    }
    publisher.finish();
    let server = Arc::clone(server);
    let id = call.id;
    tokio::spawn(async move {
        tokio::time::sleep(LINGER).await;
        server.live_calls.lock().remove(&id);
    });
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
        envelope: event.envelope(&session.context, session.preview, at),
    }
}

/// What the call's record keeps of its end.
fn finish_of(event: &CatalogueEvent, connected_at: Option<EventTime>) -> Option<CallFinish> {
    match *event {
        CatalogueEvent::CallEnded { duration, reason } => {
            Some(CallFinish::Ended { reason, duration, connected_at })
        }
        CatalogueEvent::CallError { code } => Some(CallFinish::Failed { code, connected_at }),
        _ => None,
    }
}

/// Makes the end of a call durable, however long the store needs. Returns `None` when another node
/// has already ended it.
async fn append_terminal(server: &Server, event: &Event, finish: CallFinish) -> Option<Appended> {
    let mut pause = Duration::from_millis(50);
    loop {
        let append = Append::CallEnded { event: event.clone(), finish };
        match server.store.append(vec![append]).await {
            Ok(appended) => return appended.into_iter().next(),
            Err(AppendError::Refused { reason: Refusal::AlreadyEnded, .. }) => {
                warn!("the call had already been ended by another node");
                return None;
            }
            Err(error) => {
                error!(%error, "the end of the call can't be stored yet; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    }
}
