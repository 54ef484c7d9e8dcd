//! Sends one request to an endpoint, to addresses only that may be called.
//!
//! HTTP/1.1 with keep-alive, or HTTP/2 where the endpoint agrees to it in TLS. Follows no redirect:
//! the new address would have been chosen by the endpoint, not by the integration's owner.
//!
//! A request that the endpoint has not processed is sent again at once, and is still the same attempt:
//! its stream was refused, or lies above the last one of GOAWAY (RFC 9113 section 8.7), or is wanted by
//! HTTP/1.1 (RFC 9113 section 7), or nothing came back on a connection that was there before (RFC 9112
//! section 9.3.1).

mod causes;
mod certificates;
mod connector;
mod fetch;
pub mod guard;
mod http1;
mod http2;
mod http2_error;
mod observed;
mod outcome;
mod pool;
mod request;
mod resolver;
mod response;
mod stopwatch;
mod tls_failure;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::{Instant, error::Elapsed, timeout_at};
use tokio_rustls::TlsConnector;

use connector::Connector;
use outcome::{BodyEnd, ExchangeError};
use pool::{Lease, Pool};
use response::{Body, Ending, Excerpt, Response};
use stopwatch::Stopwatch;

pub use certificates::{ClientError, system_tls, tls};
pub use fetch::{Page, Unreachable};
pub use guard::{AddressPolicy, ForbiddenAddress, InvalidNat64Prefix, Nat64Prefix};
pub use outcome::{KEPT_BYTES, Outcome};
pub use request::Request;
pub use resolver::{Resolve, Resolving, SystemResolver};

/// How often a request is sent again that was not processed. An endpoint that never takes one is
/// failing, after all.
const RESENDS: u32 = 10;

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Which addresses may be called.
    pub addresses: AddressPolicy,
    /// To resolve the name, connect and agree on TLS.
    pub connect_timeout: Duration,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self { addresses: AddressPolicy::default(), connect_timeout: Duration::from_secs(3) }
    }
}

/// Sends requests. Keeps connections to be used again; cheap to share.
pub struct WebhookClient {
    pool: Pool,
}

impl std::fmt::Debug for WebhookClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookClient")
    }
}

impl WebhookClient {
    /// A client with the system's resolver and certificate authorities.
    ///
    /// # Errors
    /// See [`system_tls`].
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        Ok(Self::with(settings, Arc::new(SystemResolver::default()), system_tls()?))
    }

    /// A client with another resolver and TLS (without ALPN protocols: these are set here).
    #[must_use]
    pub fn with(
        settings: &ClientSettings,
        resolver: Arc<dyn Resolve>,
        tls: rustls::ClientConfig,
    ) -> Self {
        let connector = Connector {
            resolver,
            policy: Arc::new(settings.addresses.clone()),
            timeout: settings.connect_timeout,
            tls: TlsConnector::from(Arc::new(tls)),
        };
        Self { pool: Pool::new(connector) }
    }

    /// Sends one POST and says what came of it. Ends within this time, from the start to the end of
    /// the answer. Where it has to wait for others, to be done on connections that are there or to have
    /// theirs opened, it waits for as long at most, and that does not count: the endpoint knows nothing of
    /// it yet.
    pub async fn post(&self, request: &Request, within: Duration) -> Outcome {
        let mut watch = Stopwatch::start();
        let outcome = self.post_timed(request, within, &mut watch).await;
        Outcome { timing: watch.stop(), ..outcome }
    }

    async fn post_timed(
        &self,
        request: &Request,
        within: Duration,
        watch: &mut Stopwatch,
    ) -> Outcome {
        let mut deadline = Instant::now() + within;
        let Response { head, body } = match self.send(request, &mut deadline, watch).await {
            Err(_) => return Outcome::none_within(within),
            Ok(Err(error)) => return Outcome::from_error(&error),
            Ok(Ok(response)) => response,
        };
        watch.answered();
        let mut excerpt = Excerpt::of(&head.headers, KEPT_BYTES);
        let reading = timeout_at(deadline, body.read(&mut excerpt));
        let end = reading.await.unwrap_or(BodyEnd::TimedOut);
        let (kept, is_whole) = excerpt.into_bytes();
        let kept = (&*kept, is_whole);
        Outcome::from_response(head.status, head.headers, kept, end, Timestamp::now())
    }

    /// Sends it until the endpoint has processed it, or it failed.
    async fn send(
        &self,
        request: &Request,
        deadline: &mut Instant,
        watch: &mut Stopwatch,
    ) -> Result<Result<Response, ExchangeError>, Elapsed> {
        let mut resent = 0;
        loop {
            match self.send_once(request, resent > 0, deadline, watch).await? {
                Err(error) if error.is_unprocessed() && resent < RESENDS => {
                    tracing::debug!(%error, resent, "the endpoint did not process a request");
                    resent += 1;
                    *watch = Stopwatch::start();
                }
                done => return Ok(done),
            }
        }
    }

    async fn send_once(
        &self,
        request: &Request,
        again: bool,
        deadline: &mut Instant,
        watch: &mut Stopwatch,
    ) -> Result<Result<Response, ExchangeError>, Elapsed> {
        let asked = Instant::now();
        let acquired = self.pool.acquire(&request.uri, again, watch);
        let lease = match timeout_at(*deadline, acquired).await? {
            Ok(lease) => lease,
            Err(error) => return Ok(Err(error.into())),
        };
        *deadline += lease.opened().queued_since(asked.into_std());
        timeout_at(*deadline, exchange(lease, request)).await
    }
}

/// Sends a request over a connection, and reads the head of the answer.
async fn exchange(lease: Lease, request: &Request) -> Result<Response, ExchangeError> {
    match lease {
        Lease::Http1(mut lease) => {
            let (head, body) = lease.connection.send(request).await?;
            let ending = Ending::of(&head.headers);
            Ok(Response { head, body: Body::Http1(lease, body, ending) })
        }
        Lease::Http2(mut lease) => {
            let (head, body) = lease.stream.send(request).await?;
            Ok(Response { head, body: Body::Http2(lease, body) })
        }
    }
}
