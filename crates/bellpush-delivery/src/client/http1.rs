//! A connection of HTTP/1.1.
//!
//! It has no task of its own: whoever has a request on it drives it, and nobody drives it while it is
//! idle. So a request and its answer wake one task only.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Uri, header::HOST, response::Parts, uri::PathAndQuery,
};
use http_body_util::Full;
use hyper::{
    body::{Body, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;

use super::{
    connector::{ConnectError, Transport},
    observed::Observations,
    outcome::{ExchangeError, HEAD_BYTES},
    request::Request,
    stopwatch::Opened,
};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// How long a connection is kept that has had no request yet. Many servers wait for the first one less
/// long than for the next ones.
const UNUSED: Duration = Duration::from_secs(10);

/// A connection that has no request on it, or the one request whose answer is being read.
pub(super) struct Http1 {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: Pin<Box<http1::Connection<TokioIo<Transport>, Full<Bytes>>>>,
    /// The connection has ended.
    ended: bool,
    seen: Arc<Observations>,
    pub(super) opened: Opened,
    /// It was there before the request that is on it.
    pub(super) reused: bool,
    /// How long it may be idle.
    idle: Duration,
    /// When it is too old to be used, once it is idle.
    expires: Instant,
}

impl Http1 {
    /// `idle`: how long it may be idle, where the endpoint does not say.
    pub(super) async fn handshake(
        transport: Transport,
        idle: Duration,
        opened: Opened,
    ) -> Result<Self, ConnectError> {
        let seen = transport.observations();
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            // What can be understood is an answer: RFC 9112 section 5.2 wants folded lines to be.
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .handshake(TokioIo::new(transport))
            .await
            .map_err(ConnectError::Http1)?;
        let connection = Box::pin(connection);
        let expires = Instant::now() + idle.min(UNUSED);
        let (ended, reused) = (false, false);
        Ok(Self { sender, connection, ended, seen, opened, reused, idle, expires })
    }

    /// Sends a request. Its answer's body is to be read by [`Http1::frame`].
    pub(super) async fn send(
        &mut self,
        request: &Request,
    ) -> Result<(Parts, Incoming), ExchangeError> {
        let before = self.seen.bytes();
        match self.drive_request(request).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                if let Some(idle) = idle_time(&parts.headers) {
                    self.idle = self.idle.min(idle);
                }
                Ok((parts, body))
            }
            Err(error) => {
                let bytes = self.seen.bytes() - before;
                // RFC 9112 section 9.3.1: the endpoint closed it while the request was on its way.
                let unprocessed = self.reused && bytes == 0;
                Err(ExchangeError::Http1 { error, bytes, unprocessed })
            }
        }
    }

    async fn drive_request(
        &mut self,
        request: &Request,
    ) -> Result<http::Response<Incoming>, hyper::Error> {
        let mut sending = pin!(self.sender.send_request(in_origin_form(request)));
        let (connection, ended) = (&mut self.connection, &mut self.ended);
        poll_fn(|cx| {
            if !*ended {
                *ended = connection.as_mut().poll(cx).is_ready();
            }
            sending.as_mut().poll(cx)
        })
        .await
    }

    /// The next piece of the answer's body.
    pub(super) async fn frame(
        &mut self,
        body: &mut Incoming,
    ) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            let frame = poll_fn(|cx| {
                self.drive(cx);
                Pin::new(&mut *body).poll_frame(cx)
            })
            .await?;
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                // Trailers.
                Ok(Err(_)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Makes it idle after an answer was read to its end. Returns whether it can be used again.
    pub(super) fn finish(&mut self) -> bool {
        self.reused = true;
        self.expires = Instant::now() + self.idle;
        !self.idle.is_zero() && self.is_ready()
    }

    /// Whether a request can be sent: the endpoint has not closed it, and it is not too old.
    pub(super) fn is_usable(&mut self, now: Instant) -> bool {
        now < self.expires && self.is_ready()
    }

    /// When it is too old, once it is idle.
    pub(super) const fn expires(&self) -> Instant {
        self.expires
    }

    fn is_ready(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.drive(&mut cx);
        !self.ended && matches!(self.sender.poll_ready(&mut cx), Poll::Ready(Ok(())))
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.ended {
            self.ended = self.connection.as_mut().poll(cx).is_ready();
        }
    }
}

/// RFC 9112 section 3.2.1: path and query alone, and the host as a header.
fn in_origin_form(request: &Request) -> http::Request<Full<Bytes>> {
    let mut out = http::Request::new(Full::new(request.body.clone()));
    *out.method_mut() = request.method.clone();
    let path = request.uri.path_and_query().cloned();
    *out.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    *out.headers_mut() = request.headers.clone();
    if let Some(host) = host(&request.uri) {
        out.headers_mut().insert(HOST, host);
    }
    out
}

/// The host, with its port unless that is the scheme's.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    match (uri.host()?, uri.port_u16()) {
        (host, Some(port)) if port != default => format!("{host}:{port}").try_into().ok(),
        (host, _) => host.try_into().ok(),
    }
}

/// How long the endpoint keeps the connection, less what a request needs to get there. Nothing when
/// it takes no more requests.
fn idle_time(headers: &HeaderMap) -> Option<Duration> {
    let parameter = |name: &str| {
        let lines = headers.get_all(KEEP_ALIVE).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            key.trim().eq_ignore_ascii_case(name).then(|| value.parse::<u32>().ok())?
        })
    };
    if parameter("max") == Some(0) {
        return Some(Duration::ZERO);
    }
    let kept = Duration::from_secs(parameter("timeout")?.into());
    Some(kept - (kept / 2).min(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_alive_says_how_long_a_connection_can_be_used() {
        for (value, idle) in [
            ("timeout=5", Some(4_000)),
            ("timeout=5, max=100", Some(4_000)),
            ("max=100,Timeout = \"60\"", Some(59_000)),
            ("timeout=1", Some(500)),
            ("timeout=0", Some(0)),
            ("timeout=5, max=0", Some(0)),
            ("max=3", None),
            ("timeout=soon", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(KEEP_ALIVE, value.parse().unwrap())]);
            assert_eq!(idle_time(&headers), idle.map(Duration::from_millis), "{value:?}");
        }
        assert_eq!(idle_time(&HeaderMap::new()), None);
        let mut lines = HeaderMap::new();
        for line in ["max=100", "timeout=5"] {
            lines.append(KEEP_ALIVE, HeaderValue::from_static(line));
        }
        assert_eq!(idle_time(&lines), Some(Duration::from_secs(4)));
    }

    #[test]
    fn the_host_has_its_port_unless_it_is_the_schemes() {
        for (uri, expected) in [
            ("https://hooks.example/a", "hooks.example"),
            ("https://hooks.example:443/a", "hooks.example"),
            ("https://hooks.example:80/a", "hooks.example:80"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("http://[::1]:8080/", "[::1]:8080"),
        ] {
            assert_eq!(host(&uri.parse().unwrap()).unwrap(), expected, "{uri}");
        }
    }
}
