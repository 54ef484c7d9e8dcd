//! A connection of HTTP/2, and the streams on it.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{
    Ping, PingPong, Reason, RecvStream,
    client::{Builder, Connection, SendRequest},
};
use http::{Method, Version, header::CONTENT_LENGTH, response::Parts};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    connector::{ConnectError, Transport},
    http2_error::Http2Error,
    observed::Observations,
    outcome::{ExchangeError, HEAD_BYTES},
    request::Request,
    stopwatch::Opened,
};

/// After so long without a byte from the endpoint, a connection in use is asked whether it lives…
const PING_AFTER: Duration = Duration::from_secs(15);
/// …and is given up when it does not say so within this.
const PONG_WITHIN: Duration = Duration::from_secs(20);
/// Streams at once until the endpoint has said how many it takes, which it does at once: those beyond
/// that number would wait inside the connection, though another one may have room.
const FIRST_STREAMS: usize = 1;

/// A connection, and how it is used.
pub(super) struct Http2 {
    sender: SendRequest<Bytes>,
    seen: Arc<Observations>,
    /// When it was opened.
    since: Opened,
    /// Streams that are open.
    streams: Arc<AtomicUsize>,
    /// Whether it is known how many the endpoint takes at once.
    is_settled: Arc<AtomicBool>,
    /// Streams that were opened.
    opened: u32,
    /// Streams that the endpoint is believed to take on it.
    allowance: u32,
    /// Since when it has no stream open.
    idle_since: Instant,
    suspicion: Arc<Suspicion>,
}

/// That the other end of a connection may be gone, without a word.
#[derive(Default)]
struct Suspicion {
    is_raised: AtomicBool,
    raised: Notify,
}

/// What of an endpoint refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// This connection.
    Connection,
    /// All of them: it wants HTTP/1.1.
    Http2,
}

impl Http2 {
    /// `allowance`: streams that the endpoint is believed to take on one connection. `changed` is called
    /// when it says how many it takes at once.
    pub(super) async fn handshake(
        transport: Transport,
        allowance: u32,
        since: Opened,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, ConnectError> {
        let seen = transport.observations();
        let (streams, is_settled) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (sender, connection) = Builder::new()
            .enable_push(false)
            .initial_max_send_streams(FIRST_STREAMS)
            .max_header_list_size(HEAD_BYTES as u32)
            .handshake(transport)
            .await
            .map_err(|error| ConnectError::Http2(error.into()))?;
        let (settled, watched) = (Arc::clone(&is_settled), Arc::clone(&seen));
        let on_limit = move || {
            settled.store(watched.has_settings(), Ordering::Release);
            changed();
        };
        let suspicion = Arc::<Suspicion>::default();
        let watched = (Arc::clone(&seen), Arc::clone(&streams), Arc::clone(&suspicion));
        tokio::spawn(drive(connection, watched, on_limit));
        let (opened, idle_since) = (0, Instant::now());
        Ok(Self {
            sender,
            seen,
            since,
            streams,
            is_settled,
            opened,
            allowance,
            idle_since,
            suspicion,
        })
    }

    /// Opens a stream, if the endpoint takes one more now.
    pub(super) fn open(&mut self) -> Option<Http2Stream> {
        let streams = self.streams.load(Ordering::Acquire);
        let room = self.sender.current_max_send_streams();
        if self.is_spent() || self.is_suspect() || streams >= room {
            return None;
        }
        let reused = self.opened > 0;
        let settled = self.is_settled.load(Ordering::Acquire);
        self.opened += 1;
        self.streams.store(streams + 1, Ordering::Release);
        let (sender, seen) = (self.sender.clone(), Arc::clone(&self.seen));
        let (opened, heard_before, refused) = (self.since, None, None);
        Some(Http2Stream { sender, seen, opened, reused, settled, heard_before, refused })
    }

    /// How many streams the endpoint takes at once; `None` until it has said so.
    pub(super) fn limit(&self) -> Option<usize> {
        let is_settled = self.is_settled.load(Ordering::Acquire);
        is_settled.then(|| self.sender.current_max_send_streams())
    }

    /// A stream has ended.
    pub(super) fn close_one(&mut self) {
        let left = self.streams.load(Ordering::Acquire).saturating_sub(1);
        self.streams.store(left, Ordering::Release);
        if left == 0 {
            self.idle_since = Instant::now();
        }
    }

    /// The other end may be gone: nothing more is sent there until it has answered a PING.
    pub(super) fn suspect(&self) {
        self.suspicion.is_raised.store(true, Ordering::Release);
        self.suspicion.raised.notify_one();
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.suspicion.is_raised.load(Ordering::Acquire)
    }

    /// Whether it was sent all that it is believed to take.
    pub(super) const fn is_spent(&self) -> bool {
        self.opened >= self.allowance
    }

    /// Whether it took all that it was believed to take, so that it may take more.
    pub(super) fn has_taken_all(&self) -> bool {
        self.is_spent() && self.streams.load(Ordering::Acquire) == 0
    }

    /// Believes that it takes so many streams.
    pub(super) const fn allow(&mut self, allowance: u32) {
        self.allowance = allowance;
    }

    pub(super) const fn allowance(&self) -> u32 {
        self.allowance
    }

    /// Whether it takes no more streams.
    pub(super) fn is_gone(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.seen.last_stream().is_some()
            || matches!(self.sender.poll_ready(&mut cx), Poll::Ready(Err(_)))
    }

    /// How many streams it took, when GOAWAY refused others (RFC 9113 section 6.8).
    pub(super) fn taken(&self) -> Option<u32> {
        // A client's streams are 1, 3, 5…
        let taken = self.seen.last_stream()?.div_ceil(2);
        (taken < self.opened).then_some(taken)
    }

    /// Whether it had no stream open for so long.
    pub(super) fn is_idle(&self, now: Instant, limit: Duration) -> bool {
        let idle_for = now.saturating_duration_since(self.idle_since);
        self.streams.load(Ordering::Acquire) == 0 && idle_for >= limit
    }

    /// What names it among others.
    pub(super) fn is(&self, stream: &Http2Stream) -> bool {
        Arc::ptr_eq(&self.seen, &stream.seen)
    }
}

/// A stream: one request.
pub(super) struct Http2Stream {
    sender: SendRequest<Bytes>,
    seen: Arc<Observations>,
    /// When its connection was opened.
    pub(super) opened: Opened,
    /// Whether the connection had streams before, or was there before the request.
    pub(super) reused: bool,
    /// Whether it was known how many the endpoint takes at once.
    settled: bool,
    /// Bytes that had come in on the connection when the request was sent.
    heard_before: Option<u64>,
    /// Who does not want the request.
    pub(super) refused: Option<Refused>,
}

impl Http2Stream {
    /// Sends the request. Its answer's body is to be read by [`frame`].
    pub(super) async fn send(
        &mut self,
        request: &Request,
    ) -> Result<(Parts, RecvStream), ExchangeError> {
        let not_sent = |error: h2::Error| {
            let error = error.into();
            ExchangeError::Http2 { error, unprocessed: true, head_bytes: 0 }
        };
        let mut out = http::Request::new(());
        *out.method_mut() = request.method.clone();
        *out.uri_mut() = request.uri.clone();
        *out.version_mut() = Version::HTTP_2;
        *out.headers_mut() = request.headers.clone();
        if request.method != Method::GET {
            out.headers_mut().insert(CONTENT_LENGTH, request.body.len().into());
        }
        let before = self.seen.bytes();
        let mut sender = self.sender.clone().ready().await.map_err(not_sent)?;
        let (response, mut body) =
            sender.send_request(out, request.body.is_empty()).map_err(not_sent)?;
        if !request.body.is_empty() {
            // Where it can't be sent, the answer says why.
            _ = body.send_data(request.body.clone(), true);
        }
        self.heard_before = Some(before);
        let id = response.stream_id().as_u32();
        match response.await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                Ok((parts, body))
            }
            Err(error) => {
                let reason = error.reason().filter(|_| error.is_remote());
                let is_refused = reason == Some(Reason::REFUSED_STREAM) && error.is_reset();
                self.refused = match reason {
                    // RFC 9113 section 7: this request over HTTP/1.1 instead.
                    Some(Reason::HTTP_1_1_REQUIRED) => Some(Refused::Http2),
                    // Before it had said how many it takes, it may take more of them now.
                    Some(_) if is_refused && self.settled => Some(Refused::Connection),
                    _ => None,
                };
                let above_last = self.seen.last_stream().is_some_and(|last| id > last);
                let unheard = self.reused && self.is_unheard();
                let unprocessed = is_refused || self.refused.is_some() || above_last || unheard;
                let (error, head_bytes) = (error.into(), self.seen.largest_head());
                Err(ExchangeError::Http2 { error, unprocessed, head_bytes })
            }
        }
    }
}

impl Http2Stream {
    /// Whether nothing at all came in since the request was sent.
    pub(super) fn is_unheard(&self) -> bool {
        self.heard_before == Some(self.seen.bytes())
    }
}

/// The next piece of an answer's body.
pub(super) async fn frame(body: &mut RecvStream) -> Option<Result<Bytes, Http2Error>> {
    match body.data().await? {
        Ok(data) => {
            // Fails only where more is given back than came.
            _ = body.flow_control().release_capacity(data.len());
            Some(Ok(data))
        }
        // RFC 9113 section 8.1: the answer is whole, and the endpoint wants no more of the request.
        Err(error) if error.is_remote() && error.reason() == Some(Reason::NO_ERROR) => None,
        Err(error) => Some(Err(error.into())),
    }
}

/// Drives the connection until it ends: by the endpoint, by silence, or because nobody uses it.
async fn drive(
    mut connection: Connection<Transport, Bytes>,
    (seen, streams, suspicion): (Arc<Observations>, Arc<AtomicUsize>, Arc<Suspicion>),
    on_limit: impl Fn(),
) {
    let ping_pong = connection.ping_pong();
    let silence = silence(ping_pong, &seen, &streams, &suspicion, &on_limit);
    until_over(connection, &seen, silence, &on_limit).await;
    // Nobody is to wait for this one.
    on_limit();
}

async fn until_over(
    mut connection: Connection<Transport, Bytes>,
    seen: &Observations,
    silence: impl Future<Output = ()>,
    on_limit: impl Fn(),
) {
    let silence = pin!(silence);
    let mut known = (seen.has_settings(), connection.max_concurrent_send_streams());
    let driven = poll_fn(|cx| {
        let polled = Pin::new(&mut connection).poll(cx);
        let now = (seen.has_settings(), connection.max_concurrent_send_streams());
        if std::mem::replace(&mut known, now) != now {
            on_limit();
        }
        polled
    });
    tokio::select! {
        ended = driven => {
            if let Err(error) = ended.map_err(Http2Error::from) {
                tracing::debug!(%error, "a connection to an endpoint ended");
            }
        }
        () = silence => tracing::debug!("a connection to an endpoint went silent"),
    }
}

/// Ends when the endpoint says nothing any more. `on_life`: it does after all.
async fn silence(
    ping_pong: Option<PingPong>,
    seen: &Observations,
    streams: &AtomicUsize,
    suspicion: &Suspicion,
    on_life: impl Fn(),
) {
    // There is one for who asks first.
    let Some(mut ping_pong) = ping_pong else { return std::future::pending().await };
    loop {
        let before = seen.bytes();
        tokio::select! {
            () = sleep(PING_AFTER) => {
                if seen.bytes() > before || streams.load(Ordering::Acquire) == 0 {
                    continue;
                }
            }
            () = suspicion.raised.notified() => {}
        }
        match timeout(PONG_WITHIN, ping_pong.ping(Ping::opaque())).await {
            Ok(Ok(_)) => {
                if suspicion.is_raised.swap(false, Ordering::AcqRel) {
                    on_life();
                }
            }
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
