//! Live calls: the edge between the call engine, the life cycle and the event log.
//!
//! The engine says what happens to a call; the life cycle says which event that is; the log makes
//! it durable; only then is it told to the widget. A call leaves this registry when its terminal
//! event is on disk.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::HeaderValue;
use bellpush_call::Signal;
use bellpush_core::{
    events::{CatalogueEvent, ErrorCode, Event, EventTime},
    ids::{AppId, CallId},
    lifecycle::{Input, Lifecycle, Phase},
};
use bellpush_store::{
    Append, AppendError, Appended, CallEnd, CallFinish, Refusal, SecretHash, Session, StoreError,
};
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tracing::{Instrument, error, info, warn};

use super::{
    fragment::ufrag_of,
    places::Place,
    quality::CallQuality,
    stream::{Content, Follower, Publisher},
};
use crate::{Server, http::headers::value, new_event_id, tokens::ResumeToken};

/// How long the messages of a finished call stay in memory for widgets that reconnect; after that
/// they are read from the store.
const LINGER: Duration = Duration::from_secs(30);

/// How long the ends of calls that are ended together are waited for.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// How long a commit may be on its way whose answer was lost.
const IN_DOUBT: Duration = Duration::from_secs(60);

/// The calls of this process.
#[derive(Debug, Default)]
pub(crate) struct LiveCalls(Mutex<HashMap<CallId, LiveCall>>);

/// What requests need to know of a live call.
#[derive(Debug, Clone)]
pub(crate) struct LiveCall {
    pub(crate) session: Arc<Session>,
    follower: Follower,
    connection: Arc<Mutex<Connection>>,
}

/// The browser's side of a live call as HTTP knows it.
#[derive(Clone)]
pub(super) struct Connection {
    /// The offer that was answered last.
    pub(super) offer: String,
    /// Names this connection until ICE is restarted, in quotation marks (RFC 9725 section 4.3).
    pub(super) etag: String,
    /// The token that takes the call up, while it is good.
    resume: Option<SecretHash>,
}

impl Connection {
    fn new(offer: String, answer: &str) -> Self {
        Self { offer, etag: etag_of(answer), resume: None }
    }
}

// An offer holds the ICE password, which must not reach a log.
impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("etag", &self.etag).finish_non_exhaustive()
    }
}

/// The server's own user fragment changes with each restart.
fn etag_of(answer: &str) -> String {
    format!("\"{}\"", ufrag_of(answer).unwrap_or_default())
}

impl LiveCall {
    /// The present connection.
    pub(super) fn connection(&self) -> Connection {
        self.lock().clone()
    }

    /// The connection was replaced or restarted; returns its new name.
    pub(super) fn reconnected(&self, offer: String, answer: &str) -> HeaderValue {
        let mut connection = self.lock();
        connection.offer = offer;
        connection.etag = etag_of(answer);
        value(&connection.etag)
    }

    /// Makes the token that takes the call up next. It replaces one made before.
    pub(super) fn new_resume(&self) -> ResumeToken {
        let token = ResumeToken::random();
        self.lock().resume = Some(token.hash());
        token
    }

    /// Uses a token up; whether it was good.
    pub(super) fn take_resume(&self, token: &ResumeToken) -> bool {
        self.lock().resume.take_if(|good| *good == token.hash()).is_some()
    }

    /// Makes a token good again that was not used after all.
    pub(super) fn give_back_resume(&self, token: &ResumeToken) {
        self.lock().resume.get_or_insert_with(|| token.hash());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

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

impl Server {
    /// Ends an app's live calls, as hung up by the far side, and waits a while for their ends.
    pub(crate) async fn end_calls_of(&self, app_id: AppId) {
        let calls = self.hang_up_on(app_id).await;
        let ends = join_all(calls.iter().map(LiveCall::finished));
        if tokio::time::timeout(ENDS_WITHIN, ends).await.is_err() {
            warn!(app = %app_id, "the ends of the app's calls are not stored yet");
        }
    }

    /// Hangs up on the live calls of apps that another node has deleted, and waits for nothing: it
    /// runs beside what keeps this node's lease.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn end_calls_of_deleted_apps(&self) -> Result<(), StoreError> {
        let apps = self.live_calls.apps();
        if apps.is_empty() {
            return Ok(());
        }
        let existing = self.store.existing_apps(&apps).await?;
        for app_id in apps.difference(&existing) {
            self.hang_up_on(*app_id).await;
        }
        Ok(())
    }

    async fn hang_up_on(&self, app_id: AppId) -> Vec<LiveCall> {
        let calls = self.live_calls.of_app(app_id);
        for (id, _) in &calls {
            self.engine.end(*id).await;
        }
        calls.into_iter().map(|(_, call)| call).collect()
    }
}

impl LiveCalls {
    /// An app's calls that are not over.
    fn of_app(&self, app_id: AppId) -> Vec<(CallId, LiveCall)> {
        let calls = self.lock();
        let of_app = calls.iter().filter(|(_, call)| call.session.app_id == app_id);
        of_app.filter(|(_, call)| !call.is_over()).map(|(id, call)| (*id, call.clone())).collect()
    }

    /// The apps that have calls which are not over.
    fn apps(&self) -> HashSet<AppId> {
        let calls = self.lock();
        calls.values().filter(|call| !call.is_over()).map(|call| call.session.app_id).collect()
    }

    pub(crate) fn find(&self, id: CallId) -> Option<LiveCall> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, LiveCall>> {
        // A map of values that are whole at any time: a panic elsewhere does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock of one call: the server's at its acceptance, and from then on a steady one. However
/// the server's is set meanwhile, the call ends after it began, and lasted as long as it did.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallClock {
    accepted_at: EventTime,
    since: Instant,
}

impl CallClock {
    pub(super) fn start(server: &Server) -> Self {
        Self { accepted_at: server.now(), since: Instant::now() }
    }

    pub(super) const fn accepted_at(&self) -> EventTime {
        self.accepted_at
    }

    fn now(&self) -> EventTime {
        let elapsed = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let millis = self.accepted_at.millis().saturating_add(elapsed);
        EventTime::from_millis(millis).unwrap_or(self.accepted_at)
    }
}

/// A call whose `call_started` is on disk.
#[derive(Debug)]
pub(super) struct AcceptedCall {
    pub(super) id: CallId,
    pub(super) session: Arc<Session>,
    pub(super) clock: CallClock,
    pub(super) started: Appended,
    pub(super) signals: mpsc::Receiver<Signal>,
    /// Free for another call when this one is over.
    pub(super) place: Place,
    pub(super) offer: String,
    pub(super) answer: String,
}

/// Registers an accepted call and follows it to its end in a task of its own.
pub(super) fn follow(server: &Arc<Server>, call: AcceptedCall) -> LiveCall {
    let publisher = Publisher::new();
    publisher.publish(Content::event(&call.started));
    let connection = Connection::new(call.offer.clone(), &call.answer);
    let entry = LiveCall {
        session: Arc::clone(&call.session),
        follower: publisher.follow(),
        connection: Arc::new(Mutex::new(connection)),
    };
    server.live_calls.lock().insert(call.id, entry.clone());
    let span = tracing::info_span!("call", id = %call.id);
    let server = Arc::clone(server);
    server.tasks.spawn(
        {
            let server = Arc::clone(&server);
            async move { run(&server, call, publisher).await }
        }
        .instrument(span),
    );
    entry
}

async fn run(server: &Arc<Server>, mut call: AcceptedCall, publisher: Publisher) {
    info!(app = %call.session.app_id, "accepted");
    let mut lifecycle = Lifecycle::live_since(call.clock.accepted_at());
    let (mut connected_at, mut answered_by, mut quality) = (None, None, None);
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
            Signal::Answered(by) => {
                answered_by = Some(*by);
                continue;
            }
            Signal::Connected => {
                publisher.publish(Content::Progress { phase: Phase::Connected });
                connected_at.get_or_insert_with(|| call.clock.now());
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
            Signal::Quality(report) => {
                quality = serde_json::to_value(CallQuality::from(&*report)).ok();
                continue;
            }
            Signal::Ended(reason) => Input::HangUp(reason),
            Signal::Failed(code) => Input::Fail(code),
        };
        let now = call.clock.now();
        let Ok(Some(terminal)) = lifecycle.handle(now, input) else { continue };
        let event = event_of(&call.session, call.id, &terminal, now);
        if let Some(end) = end_of(&terminal) {
            let (answered_by, quality) = (answered_by.take(), quality.take());
            let finish = CallFinish { end, connected_at, answered_by, quality };
            match append_terminal(server, &event, &finish).await {
                Ok(appended) => publisher.publish(Content::event(&appended)),
                // There is no log any more that it could be in, and still a visitor to be told.
                Err(Refusal::UnknownApp) => publisher.publish(Content::unrecorded(&event)),
                Err(refusal) => warn!(%refusal, "the end of the call is not stored"),
            }
        }
        info!(event = %event.envelope.name, "over");
    }
    publisher.finish();
    drop(call.place);
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

/// Makes the end of a call durable, however long the store needs. Refused when another node has
/// already ended it, or its app was deleted.
async fn append_terminal(
    server: &Server,
    event: &Event,
    finish: &CallFinish,
) -> Result<Appended, Refusal> {
    let mut pause = Duration::from_millis(50);
    loop {
        let append = Append::CallEnded { event: event.clone(), finish: finish.clone() };
        match server.append(vec![append]).await.map(|appended| appended.into_iter().next()) {
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
    server: &Server,
    session: &Session,
    id: CallId,
    clock: CallClock,
) {
    let code = ErrorCode::SignalingFailed;
    let event = event_of(session, id, &CatalogueEvent::CallError { code }, clock.now());
    let finish = CallFinish::from(CallEnd::Failed { code });
    // What the database was sent before may still be on its way.
    while clock.since.elapsed() < IN_DOUBT {
        if append_terminal(server, &event, &finish).await != Err(Refusal::UnknownCall) {
            return;
        }
        tokio::time::sleep(IN_DOUBT / 12).await;
    }
}
