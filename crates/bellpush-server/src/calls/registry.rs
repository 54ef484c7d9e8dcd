//! The calls of this process that are live, and what requests need to know of each.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::HeaderValue;
use bellpush_core::{
    events::EventTime,
    ids::{AppId, CallId},
    lifecycle::Phase,
};
use bellpush_store::{ANSWERED_AGAIN_FOR, SecretHash, Session};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    fragment::ufrag_of,
    quality::{NotedWarning, Warning},
    stream::Follower,
};
use crate::{followers::OpenStreams, http::headers::value, tokens::ResumeToken};

/// The calls of this process.
#[derive(Debug, Default)]
pub(super) struct LiveCalls(Mutex<HashMap<CallId, LiveCall>>);

/// What requests need to know of a live call.
#[derive(Debug, Clone)]
pub(super) struct LiveCall {
    pub(super) session: Arc<Session>,
    follower: Follower,
    pub(super) streams: OpenStreams,
    connection: Arc<Mutex<Connection>>,
    warnings: Arc<Mutex<Vec<NotedWarning>>>,
    /// The phase that it is in, and whether the far side holds the visitor.
    stage: Arc<Mutex<(Phase, bool)>>,
    /// Whether its visitor is to take it up at another server.
    moving: watch::Sender<bool>,
    /// Cancelled when another server is known to have it, or it was let go of for that: nothing of it is ended
    /// here.
    elsewhere: CancellationToken,
}

/// For how long the token before the last one may be good: the store takes it a little longer.
const FORMER_FOR: Duration = ANSWERED_AGAIN_FOR.saturating_sub(Duration::from_secs(5));
/// Warnings that the record of one call holds, at most.
const MAX_WARNINGS: usize = 100;

/// The browser's side of a live call as HTTP knows it.
#[derive(Clone)]
pub(super) struct Connection {
    /// The offer that was answered last.
    pub(super) offer: String,
    /// Names this connection until ICE is restarted, in quotation marks (RFC 9725 section 4.3).
    pub(super) etag: String,
    /// The token that takes the call up, while it is good.
    resume: Option<SecretHash>,
    /// The one before, which does so, too, until this connection stands: the page that has shown it may be
    /// gone.
    former: Option<SecretHash>,
    /// The request that is taking it up just now, or has done so last.
    request: Option<SecretHash>,
    /// What that was answered.
    answered: Option<Answered>,
    /// The end of the session token that the page was given with it, when it took the call up from another page.
    page_token_end: Option<EventTime>,
}

/// The answer to a request that has taken a call up, for whoever did not get it.
#[derive(Clone)]
struct Answered {
    sdp: String,
    next: ResumeToken,
    at: Instant,
}

/// A token that a request is taking the call up with. Whatever comes in between, it is good again when this is
/// dropped.
pub(super) struct TakenToken {
    call: LiveCall,
    /// `None` once it is used.
    token: Option<SecretHash>,
}

impl TakenToken {
    /// It was used, or is good no longer.
    pub(super) fn use_up(mut self) {
        self.token = None;
    }
}

impl Drop for TakenToken {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            let mut connection = self.call.lock();
            connection.resume.get_or_insert(token);
            (connection.request, connection.former) = (None, None);
        }
    }
}

/// What is to be said to who asks for a call anew.
pub(super) enum Asked {
    /// What was said before: the SDP answer, and the token for the next time.
    Again(String, ResumeToken),
    /// That the same request is being answered.
    Busy,
    /// Nothing: it is another request.
    Anew,
}

impl Connection {
    fn new(offer: String, answer: &str, resume: SecretHash) -> Self {
        let (etag, resume) = (etag_of(answer), Some(resume));
        Self {
            offer,
            etag,
            resume,
            former: None,
            request: None,
            answered: None,
            page_token_end: None,
        }
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
    /// A call that was accepted just now, with the hash of the token that takes it up.
    pub(super) fn new(
        session: Arc<Session>,
        follower: Follower,
        offer: String,
        answer: &str,
        resume: SecretHash,
    ) -> Self {
        let connection = Arc::new(Mutex::new(Connection::new(offer, answer, resume)));
        let (streams, warnings) = (OpenStreams::default(), Arc::default());
        let stage = Arc::new(Mutex::new((Phase::Connecting, false)));
        let (moving, elsewhere) = (watch::Sender::new(false), CancellationToken::new());
        Self { session, follower, streams, connection, warnings, stage, moving, elsewhere }
    }

    /// Has its visitor told to take it up at another server; whether that is new.
    pub(super) fn move_away(&self) -> bool {
        !self.moving.send_replace(true)
    }

    /// Takes that back: it can go on here.
    pub(super) fn stay(&self) {
        self.moving.send_if_modified(std::mem::take);
    }

    /// Tells whether its visitor is to take it up at another server.
    pub(super) fn moving(&self) -> watch::Receiver<bool> {
        self.moving.subscribe()
    }

    /// Notes that another server has it, or has ended it: what is let go of here has no end here.
    pub(super) fn lost(&self) {
        self.elsewhere.cancel();
    }

    /// Whether another server has it, or had, as far as is known here: then only the store knows what has become
    /// of it.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.elsewhere.is_cancelled()
    }

    /// The present connection.
    pub(super) fn connection(&self) -> Connection {
        self.lock().clone()
    }

    /// The phase that it is in, and whether the far side holds the visitor.
    pub(super) fn stage(&self) -> (Phase, bool) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that it went on; where it stands then.
    pub(super) fn advance(&self, phase: Option<Phase>, held: Option<bool>) -> (Phase, bool) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        *stage = (phase.unwrap_or(stage.0), held.unwrap_or(stage.1));
        *stage
    }

    /// Notes what the widget tells of the call.
    pub(super) fn warn(&self, warning: Warning, raised: bool, at: EventTime) {
        let mut noted = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MAX_WARNINGS {
            noted.push(NotedWarning { at, warning, raised });
        }
    }

    /// What the widget has told so far.
    pub(super) fn warnings(&self) -> Vec<NotedWarning> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connection was replaced or restarted; returns its new name.
    pub(super) fn reconnected(&self, offer: String, answer: &str) -> HeaderValue {
        let mut connection = self.lock();
        connection.offer = offer;
        connection.etag = etag_of(answer);
        value(&connection.etag)
    }

    /// Notes that another page has the call, which was given a session token that is valid until then.
    pub(super) fn turn_page(&self, token_end: EventTime) {
        self.lock().page_token_end = Some(token_end);
    }

    /// Until when the session tokens of the page that has the call are valid at least: those of pages before it end
    /// sooner. `None` while it is the first one.
    pub(super) fn page_token_end(&self) -> Option<EventTime> {
        self.lock().page_token_end
    }

    /// Makes another token the one that takes the call up next, after the one that was shown, and keeps the
    /// answer that brings it to this request.
    pub(super) fn answered(
        &self,
        request: &SecretHash,
        sdp: &str,
        (shown, next): (&ResumeToken, &ResumeToken),
    ) {
        let mut connection = self.lock();
        connection.resume = Some(next.hash());
        connection.former = Some(shown.hash());
        connection.request = Some(request.clone());
        connection.answered =
            Some(Answered { sdp: sdp.to_owned(), next: next.clone(), at: Instant::now() });
    }

    /// The browser's connection stands. Returns the token that takes the call up, if the one before was
    /// good as well until now.
    pub(super) fn connected(&self) -> Option<SecretHash> {
        let mut connection = self.lock();
        connection.answered.as_ref()?;
        connection.former.take()?;
        connection.resume.clone()
    }

    /// What is to be said to a request with this token that may be the last one, asked again.
    pub(super) fn asked(&self, request: &SecretHash, token: &ResumeToken) -> Asked {
        match &*self.lock() {
            Connection { request: Some(last), answered, .. } if last == request => match answered {
                Some(Answered { sdp, next, .. }) => Asked::Again(sdp.clone(), next.clone()),
                None => Asked::Busy,
            },
            Connection { request: Some(_), answered: None, former: Some(former), .. }
                if *former == token.hash() =>
            {
                Asked::Busy
            }
            _ => Asked::Anew,
        }
    }

    /// Whether a token is good; it is not used up by that.
    pub(super) fn may_resume(&self, token: &ResumeToken) -> bool {
        self.lock().takes(&token.hash())
    }

    /// Uses a token up for a request; `None` when it is not good.
    pub(super) fn take_resume(
        &self,
        token: &ResumeToken,
        request: &SecretHash,
    ) -> Option<TakenToken> {
        let (mut connection, hash) = (self.lock(), token.hash());
        if !connection.takes(&hash) {
            return None;
        }
        connection.resume = None;
        connection.former = Some(hash.clone());
        (connection.request, connection.answered) = (Some(request.clone()), None);
        Some(TakenToken { call: self.clone(), token: Some(hash) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
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

impl Connection {
    /// Whether the token with this hash takes the call up.
    fn takes(&self, hash: &SecretHash) -> bool {
        let is_former = self.former.as_ref() == Some(hash)
            && self.answered.as_ref().is_some_and(|last| last.at.elapsed() < FORMER_FOR);
        is_former || self.resume.as_ref() == Some(hash)
    }
}

impl LiveCalls {
    /// Adds a call.
    pub(super) fn insert(&self, id: CallId, call: LiveCall) {
        self.lock().insert(id, call);
    }

    /// Forgets a call, unless it has come back since.
    pub(super) fn remove(&self, id: CallId, call: &LiveCall) {
        let mut calls = self.lock();
        if calls.get(&id).is_some_and(|live| Arc::ptr_eq(&live.connection, &call.connection)) {
            calls.remove(&id);
        }
    }

    /// All calls that are not over.
    pub(super) fn all(&self) -> Vec<(CallId, LiveCall)> {
        let calls = self.lock();
        let live = calls.iter().filter(|(_, call)| !call.is_over());
        live.map(|(id, call)| (*id, call.clone())).collect()
    }

    /// An app's calls that are not over.
    pub(super) fn of_app(&self, app_id: AppId) -> Vec<(CallId, LiveCall)> {
        let calls = self.lock();
        let of_app = calls.iter().filter(|(_, call)| call.session.app_id == app_id);
        of_app.filter(|(_, call)| !call.is_over()).map(|(id, call)| (*id, call.clone())).collect()
    }

    /// The apps that have calls which are not over.
    pub(super) fn apps(&self) -> HashSet<AppId> {
        let calls = self.lock();
        calls.values().filter(|call| !call.is_over()).map(|call| call.session.app_id).collect()
    }

    /// A call, for a while after its end too.
    pub(super) fn find(&self, id: CallId) -> Option<LiveCall> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, LiveCall>> {
        // A map of values that are whole at any time: a panic elsewhere does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bellpush_core::{context::Context, ids::SessionId};
    use uuid::Uuid;

    use super::{super::stream::Publisher, *};

    fn call(token: &ResumeToken) -> LiveCall {
        let session = Session {
            id: SessionId::from_uuid(Uuid::nil()),
            app_id: AppId::from_uuid(Uuid::nil()),
            origin: None,
            context: Context::default(),
            preview: false,
            sign_in_id: None,
            api_key_id: None,
            widget_key_id: None,
            routing_key: None,
            destination_id: None,
            created_at: EventTime::from_millis(0).unwrap(),
        };
        let follower = Publisher::new().follow();
        LiveCall::new(Arc::new(session), follower, String::new(), "", token.hash())
    }

    #[test]
    fn a_token_that_came_to_nothing_is_good_again() {
        let token = ResumeToken::random();
        let call = call(&token);
        let (first, second) = (SecretHash::of("first"), SecretHash::of("second"));
        let taken = call.take_resume(&token, &first).unwrap();
        for request in [&first, &second] {
            assert!(matches!(call.asked(request, &token), Asked::Busy));
        }
        assert!(call.take_resume(&token, &second).is_none());
        drop(taken);
        for request in [&first, &second] {
            assert!(matches!(call.asked(request, &token), Asked::Anew));
        }

        let taken = call.take_resume(&token, &second).unwrap();
        let next = ResumeToken::random();
        call.answered(&second, "v=0", (&token, &next));
        taken.use_up();
        assert!(matches!(call.asked(&second, &token), Asked::Again(..)));
        assert!(call.may_resume(&next));
    }
}
