//! The connections to one host, who waits for one, and what a request has of one and gives back.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::Uri;
use tokio::{runtime::Handle, sync::oneshot};

use crate::client::{
    connector::{ConnectError, Connector, OpeningTimes, Phase, Progress},
    http1::Http1,
    http2::{Http2, Http2Stream, Refused},
    stopwatch::Opened as OpenedAt,
};

/// How long a connection without requests is kept. Below the 60 s after which many servers and
/// balancers close it, at the risk of meeting our next request.
const IDLE: Duration = Duration::from_secs(45);
/// Idle connections to one host, at most: more than the attempts in flight of several integrations,
/// which may share a host. With less room, connections would be closed and opened again all the time.
const IDLE_CONNECTIONS: usize = 256;
/// Connections to one host that are being opened at once, at most.
const LARGEST_WINDOW: usize = 64;
/// A host that takes more streams than this on a connection of HTTP/2 is believed to take any number.
const MANY_STREAMS: u32 = 1 << 16;

type Reply = oneshot::Sender<Result<Lease, NotOpened>>;

/// A connection that could not be opened, and how long it was tried.
pub(super) struct NotOpened {
    pub(super) error: ConnectError,
    pub(super) times: OpeningTimes,
}

/// One host, by one scheme.
pub(super) struct Host {
    connector: Connector,
    /// Leads to it.
    uri: Uri,
    /// Where connections are opened.
    runtime: Handle,
    state: Mutex<State>,
}

pub(super) struct State {
    /// Connections of HTTP/1.1 without a request, the one used last at the end.
    idle: Vec<Http1>,
    http2: Vec<Http2>,
    waiting: VecDeque<Waiting>,
    /// Connections that are being opened.
    opening: Vec<Arc<Progress>>,
    /// As many may be opened at once.
    window: usize,
    /// Whether the last connection that was opened speaks HTTP/2.
    speaks_http2: bool,
    /// Streams that one connection of HTTP/2 is believed to take.
    allowance: u32,
    /// When somebody who waited was last given a connection.
    given_at: Option<Instant>,
    /// When it last took too long to open a connection, and how far that came.
    timed_out: Option<(Instant, Phase, OpeningTimes)>,
    /// The endpoint takes requests by HTTP/1.1 alone, whatever it agrees to in TLS.
    http1_only: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            idle: Vec::new(),
            http2: Vec::new(),
            waiting: VecDeque::new(),
            opening: Vec::new(),
            window: 1,
            speaks_http2: false,
            allowance: u32::MAX,
            given_at: None,
            timed_out: None,
            http1_only: false,
        }
    }
}

struct Waiting {
    /// Only a connection helps that was not used before.
    new_only: bool,
    reply: Reply,
}

impl Host {
    pub(super) fn new(connector: Connector, uri: Uri, runtime: Handle) -> Self {
        Self { connector, uri, runtime, state: Mutex::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection, or else where it will come.
    pub(super) fn ask(
        self: &Arc<Self>,
        again: bool,
    ) -> Result<Lease, oneshot::Receiver<Result<Lease, NotOpened>>> {
        let mut state = self.state();
        // Whoever gave up is in nobody's way.
        state.waiting.retain(|waiting| !waiting.reply.is_closed());
        if (again || state.waiting.is_empty())
            && let Some(mut lease) = self.lease(&mut state, again)
        {
            lease.was_there();
            return Ok(lease);
        }
        let (reply, replied) = oneshot::channel();
        let waiting = Waiting { new_only: again, reply };
        if again {
            state.waiting.push_front(waiting);
        } else {
            state.waiting.push_back(waiting);
        }
        self.open_more(state);
        Err(replied)
    }

    /// A connection that is there.
    fn lease(self: &Arc<Self>, state: &mut State, new_only: bool) -> Option<Lease> {
        state.forget_gone();
        let host = Arc::clone(self);
        if let Some(stream) = state.http2.iter_mut().find_map(Http2::open) {
            return Some(Lease::Http2(Http2Lease { host: Some(host), stream }));
        }
        let now = Instant::now();
        while !new_only && let Some(mut connection) = state.idle.pop() {
            if connection.is_usable(now) {
                return Some(Lease::Http1(Http1Lease { host, connection }));
            }
        }
        None
    }

    /// Gives what is there to those who wait, and opens what is missing.
    fn serve(self: &Arc<Self>, mut guard: MutexGuard<'_, State>) {
        let state = &mut *guard;
        if state.waiting.is_empty() {
            return;
        }
        let mut left = VecDeque::with_capacity(state.waiting.len());
        while let Some(waiting) = state.waiting.pop_front() {
            if waiting.reply.is_closed() {
                continue;
            }
            match self.lease(state, waiting.new_only) {
                Some(lease) => self.give(state, waiting.reply, lease),
                None if waiting.new_only => left.push_back(waiting),
                None => {
                    left.push_back(waiting);
                    break;
                }
            }
        }
        left.append(&mut state.waiting);
        state.waiting = left;
        self.open_more(guard);
    }

    /// Where nobody takes it, it is here again.
    fn give(self: &Arc<Self>, state: &mut State, reply: Reply, lease: Lease) {
        match reply.send(Ok(lease)) {
            Err(Ok(Lease::Http1(lease))) => state.idle.push(lease.connection),
            Err(Ok(Lease::Http2(mut lease))) => {
                // When it is dropped, the lock is held that it would want.
                lease.host = None;
                if let Some(connection) = state.http2.iter_mut().find(|one| one.is(&lease.stream)) {
                    connection.close_one();
                }
            }
            Ok(()) => state.given_at = Some(Instant::now()),
            Err(Err(_)) => {}
        }
    }

    fn open_more(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        state.waiting.retain(|waiting| !waiting.reply.is_closed());
        let allowance = state.allowance;
        let http1_only = state.http1_only;
        let mut more = Vec::new();
        while state.opening.len() < state.wanted().min(state.window) {
            let progress = Arc::<Progress>::default();
            state.opening.push(Arc::clone(&progress));
            more.push(Opening { host: Arc::clone(self), progress, http1_only, result: None });
        }
        // A runtime that is stopping drops it at once, and then it wants the lock.
        drop(state);
        for opening in more {
            self.runtime.spawn(opening.run(allowance));
        }
    }

    fn opened(self: &Arc<Self>, progress: &Arc<Progress>, result: Result<Opened, ConnectError>) {
        let mut state = self.state();
        state.opening.retain(|one| !Arc::ptr_eq(one, progress));
        match result {
            Ok(opened) => {
                state.window = (state.window + 1).min(LARGEST_WINDOW);
                state.speaks_http2 = matches!(opened, Opened::Http2(_)) && !state.http1_only;
                match opened {
                    // It was begun before that was known.
                    Opened::Http2(_) if state.http1_only => {}
                    Opened::Http2(connection) => state.http2.push(connection),
                    Opened::Http1(connection) => match state.next_waiting() {
                        Some(reply) => {
                            let lease = Http1Lease { host: Arc::clone(self), connection };
                            self.give(&mut state, reply, Lease::Http1(lease));
                        }
                        None => state.idle.push(connection),
                    },
                }
            }
            Err(error) => {
                state.window = (state.window / 2).max(1);
                let times = progress.times();
                if let ConnectError::TimedOut { phase, .. } = error {
                    state.timed_out = Some((Instant::now(), phase, times));
                }
                if let Some(reply) = state.next_waiting() {
                    // Whoever went away does not need it.
                    _ = reply.send(Err(NotOpened { error, times }));
                }
            }
        }
        self.serve(state);
    }

    /// Lets go of what is idle for too long. Returns whether nothing is left.
    pub(super) fn sweep(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.forget_gone();
        state.idle.retain_mut(|connection| connection.expires() > now && connection.is_usable(now));
        state.http2.retain(|connection| !connection.is_idle(now, IDLE));
        state.idle.is_empty()
            && state.http2.is_empty()
            && state.opening.is_empty()
            && state.waiting.is_empty()
    }
}

impl State {
    /// Until when someone waits who began then: as long as others are given connections, or none took the
    /// time that it may take to be opened. Where there is one of HTTP/2, a stream is waited for.
    pub(super) fn patience(&self, began: Instant, limit: Duration) -> Result<Instant, NotOpened> {
        let now = Instant::now();
        let since = self.given_at.map_or(began, |given| given.max(began));
        if now < since + limit {
            return Ok(since + limit);
        }
        if self.http2.iter().any(|connection| !connection.is_suspect()) {
            return Ok(now + limit);
        }
        let oldest = self.opening.iter().min_by_key(|progress| progress.begun);
        let running = oldest.map(|one| (one.begun + limit, one.phase(), one.times()));
        let timed_out = self.timed_out.filter(|(at, ..)| *at >= since).or(running);
        match timed_out {
            Some((at, phase, times)) if at <= now => {
                Err(NotOpened { error: ConnectError::TimedOut { phase, limit }, times })
            }
            Some((at, ..)) => Ok(at),
            None => Ok(now + limit),
        }
    }

    fn next_waiting(&mut self) -> Option<Reply> {
        std::iter::from_fn(|| self.waiting.pop_front())
            .map(|waiting| waiting.reply)
            .find(|reply| !reply.is_closed())
    }

    /// Connections that those who wait need, beside the ones that are there.
    fn wanted(&self) -> usize {
        let waiting = self.waiting.len();
        if !self.speaks_http2 {
            return waiting;
        }
        let allowance = usize::try_from(self.allowance).unwrap_or(usize::MAX);
        let takes_more = |connection: &&Http2| !connection.is_spent() && !connection.is_suspect();
        let unspent = self.http2.iter().filter(takes_more);
        let mut most = None;
        for limit in unspent.map(Http2::limit) {
            // It is said in a moment how many it takes.
            let Some(limit) = limit else { return 0 };
            most = most.max(Some(limit));
        }
        match most {
            // An endpoint that wants nothing now does not want it on further connections, either.
            Some(0) => 0,
            Some(most) => waiting.div_ceil(allowance.min(most)),
            None => waiting.div_ceil(allowance),
        }
    }

    /// Lets go of connections of HTTP/2 that take no more streams, and learns how many they took.
    fn forget_gone(&mut self) {
        let allowance = &mut self.allowance;
        self.http2.retain_mut(|connection| {
            let gone = connection.is_gone();
            if gone && let Some(taken @ 1..) = connection.taken() {
                *allowance = taken;
            }
            !gone
        });
    }
}

enum Opened {
    Http1(Http1),
    Http2(Http2),
}

/// A connection that is being opened. However that ends, the host learns of it.
struct Opening {
    host: Arc<Host>,
    progress: Arc<Progress>,
    http1_only: bool,
    result: Option<Result<Opened, ConnectError>>,
}

impl Opening {
    async fn run(mut self, allowance: u32) {
        self.result = Some(self.open(allowance).await);
    }

    async fn open(&self, allowance: u32) -> Result<Opened, ConnectError> {
        let Host { connector, uri, .. } = &*self.host;
        let (transport, http2) = connector.connect(uri, self.http1_only, &self.progress).await?;
        self.progress.end_phase();
        let times = self.progress.times();
        let since = OpenedAt { begun: self.progress.begun, at: Instant::now(), times };
        if http2 {
            // The connection must not keep what keeps it.
            let host = Arc::downgrade(&self.host);
            let changed = move || {
                if let Some(host) = host.upgrade() {
                    host.serve(host.state());
                }
            };
            let connection = Http2::handshake(transport, allowance, since, changed).await?;
            return Ok(Opened::Http2(connection));
        }
        Ok(Opened::Http1(Http1::handshake(transport, IDLE, since).await?))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let result = self.result.take().unwrap_or(Err(ConnectError::Abandoned));
        self.progress.end_phase();
        self.host.opened(&self.progress, result);
    }
}

/// A connection, or a stream on one, for one request.
pub(in crate::client) enum Lease {
    Http1(Http1Lease),
    Http2(Http2Lease),
}

impl Lease {
    /// When its connection was opened.
    pub(in crate::client) const fn opened(&self) -> OpenedAt {
        match self {
            Self::Http1(lease) => lease.connection.opened,
            Self::Http2(lease) => lease.stream.opened,
        }
    }

    /// Its connection was there before the request, so that the endpoint may just be closing it.
    const fn was_there(&mut self) {
        match self {
            Self::Http1(lease) => lease.connection.reused = true,
            Self::Http2(lease) => lease.stream.reused = true,
        }
    }
}

/// A connection of HTTP/1.1. It is closed when this is dropped.
pub(in crate::client) struct Http1Lease {
    host: Arc<Host>,
    pub(in crate::client) connection: Http1,
}

impl Http1Lease {
    /// The answer was read to its end: the connection is for the next request.
    pub(in crate::client) fn finish(mut self) {
        if self.connection.finish() {
            let mut state = self.host.state();
            if state.idle.len() < IDLE_CONNECTIONS {
                state.idle.push(self.connection);
            }
            self.host.serve(state);
        }
    }
}

/// A stream on a connection of HTTP/2. It is given back when this is dropped.
pub(in crate::client) struct Http2Lease {
    host: Option<Arc<Host>>,
    pub(in crate::client) stream: Http2Stream,
}

impl Drop for Http2Lease {
    fn drop(&mut self) {
        let Some(host) = self.host.take() else { return };
        let mut state = host.state();
        match self.stream.refused {
            // What else is on its way there may end.
            Some(Refused::Connection) => state.http2.retain(|one| !one.is(&self.stream)),
            Some(Refused::Http2) => {
                state.http1_only = true;
                state.speaks_http2 = false;
                state.http2.clear();
            }
            None => {}
        }
        let mut allowance = None;
        if let Some(connection) = state.http2.iter_mut().find(|one| one.is(&self.stream)) {
            connection.close_one();
            if self.stream.is_unheard() {
                connection.suspect();
            }
            if connection.has_taken_all() && !connection.is_gone() {
                let doubled = connection.allowance().saturating_mul(2);
                let doubled = if doubled > MANY_STREAMS { u32::MAX } else { doubled };
                connection.allow(doubled);
                allowance = Some(doubled);
            }
        }
        if let Some(allowance) = allowance {
            state.allowance = allowance;
        }
        host.serve(state);
    }
}
