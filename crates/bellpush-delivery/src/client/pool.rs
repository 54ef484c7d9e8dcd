//! The connections to each host, and who waits for one.
//!
//! Of HTTP/1.1, a connection has one request at a time; of HTTP/2, as many as the endpoint takes; what
//! has no room there goes over a further one. What is missing is opened gently: one connection at first, and one more at a time with each that was
//! opened, so that an endpoint is not met by a crowd of handshakes. An endpoint that takes a number of
//! requests on each connection of HTTP/2 only (as nginx does, `keepalive_requests`) is not sent more
//! on the next ones, once it is known.

mod lease;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{sleep, timeout_at},
};

use super::{
    connector::{ConnectError, Connector, OpeningTimes, Phase, Progress},
    http1::Http1,
    http2::Http2,
    stopwatch::{Opened as OpenedAt, Stopwatch},
};
pub(super) use lease::{Http1Lease, Http2Lease, Lease};

/// How long a connection without requests is kept. Below the 60 s after which many servers and
/// balancers close it, at the risk of meeting our next request.
const IDLE: Duration = Duration::from_secs(45);
/// How often it is looked whether connections are idle for too long.
const SWEEP: Duration = Duration::from_secs(5);
/// Idle connections to one host, at most: more than the attempts in flight of several integrations,
/// which may share a host. With less room, connections would be closed and opened again all the time.
const IDLE_CONNECTIONS: usize = 256;
/// Connections to one host that are being opened at once, at most.
const LARGEST_WINDOW: usize = 64;
/// A host that takes more streams than this on a connection of HTTP/2 is believed to take any number.
const MANY_STREAMS: u32 = 1 << 16;

type Reply = oneshot::Sender<Result<Lease, NotOpened>>;

/// A connection that could not be opened, and how long it was tried.
struct NotOpened {
    error: ConnectError,
    times: OpeningTimes,
}

/// All connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    connector: Connector,
    hosts: Mutex<Hosts>,
}

#[derive(Default)]
struct Hosts {
    all: HashMap<(Scheme, Authority), Arc<Host>>,
    /// Whether a task looks after what is idle.
    swept: bool,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self(Arc::new(Shared { connector, hosts: Mutex::default() }))
    }

    /// A connection for one request. `again`: the request was sent before, and not processed: it goes
    /// before the others, and of HTTP/1.1 over a connection that nobody has used.
    pub(super) async fn acquire(
        &self,
        uri: &Uri,
        again: bool,
        watch: &mut Stopwatch,
    ) -> Result<Lease, ConnectError> {
        let host = self.host(uri).ok_or(ConnectError::NoHost)?;
        let lease = match host.ask(again) {
            Ok(lease) => lease,
            Err(replied) => {
                let waited = self.wait(&host, replied).await;
                waited.map_err(|NotOpened { error, times }| {
                    watch.opening(times);
                    error
                })?
            }
        };
        watch.connected(lease.opened());
        Ok(lease)
    }

    async fn wait(
        &self,
        host: &Host,
        mut replied: oneshot::Receiver<Result<Lease, NotOpened>>,
    ) -> Result<Lease, NotOpened> {
        let (limit, began) = (self.0.connector.timeout, Instant::now());
        let mut patient_until = began + limit;
        loop {
            match timeout_at(patient_until.into(), &mut replied).await {
                Ok(Ok(result)) => return result,
                Ok(Err(_)) => {
                    let times = OpeningTimes::default();
                    return Err(NotOpened { error: ConnectError::Abandoned, times });
                }
                Err(_) => patient_until = host.state().patience(began, limit)?,
            }
        }
    }

    fn host(&self, uri: &Uri) -> Option<Arc<Host>> {
        let key = (uri.scheme()?.clone(), uri.authority()?.clone());
        let mut hosts = lock(&self.0.hosts);
        if !hosts.swept {
            hosts.swept = true;
            tokio::spawn(sweep(Arc::downgrade(&self.0)));
        }
        let host = hosts.all.entry(key).or_insert_with(|| {
            let connector = self.0.connector.clone();
            let (uri, runtime) = (uri.clone(), Handle::current());
            Arc::new(Host { connector, uri, runtime, state: Mutex::default() })
        });
        Some(Arc::clone(host))
    }
}

/// Closes what is idle for too long, as long as there is anything.
async fn sweep(pool: Weak<Shared>) {
    loop {
        sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut hosts = lock(&pool.hosts);
        let now = Instant::now();
        // A host that is with someone has a request on the way.
        hosts.all.retain(|_, host| !host.sweep(now) || Arc::strong_count(host) > 1);
        if hosts.all.is_empty() {
            hosts.swept = false;
            return;
        }
    }
}

/// One host, by one scheme.
struct Host {
    connector: Connector,
    /// Leads to it.
    uri: Uri,
    /// Where connections are opened.
    runtime: Handle,
    state: Mutex<State>,
}

struct State {
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
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// A connection, or else where it will come.
    fn ask(
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
    fn sweep(&self, now: Instant) -> bool {
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
    fn patience(&self, began: Instant, limit: Duration) -> Result<Instant, NotOpened> {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
