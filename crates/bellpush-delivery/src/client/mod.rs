//! Sends one request to an endpoint, to addresses only that may be called.
//!
//! HTTP/1.1 with keep-alive, or HTTP/2 where the endpoint agrees to it in TLS. Follows no redirect:
//! the new address would have been chosen by the endpoint, not by the integration's owner.

mod connector;
pub mod guard;
mod outcome;
mod request;
mod resolver;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use tokio::time::{Instant, timeout_at};

use connector::{ConnectTimeout, GuardedTcp};
use outcome::BodyEnd;

pub use guard::AddressPolicy;
pub use outcome::{KEPT_BYTES, Outcome};
pub use request::Request;
pub use resolver::{Resolve, Resolving, SystemResolver};

/// How long a connection without requests is kept. Below the 60 s after which many servers and
/// balancers close it, at the risk of meeting our next request.
const IDLE: Duration = Duration::from_secs(45);
/// Idle connections to one host, at most: more than the attempts in flight of several integrations,
/// which may share a host. With less room, connections would be closed and opened again all the time.
const IDLE_CONNECTIONS: usize = 256;
/// How often an HTTP/2 connection in use is asked whether it still lives.
const HTTP2_PING: Duration = Duration::from_secs(15);
/// The head of an answer, at most.
const HEAD_BYTES: usize = 64 * 1024;

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

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// TLS as endpoints are checked by default: against the system's certificate authorities, or
/// Mozilla's when the system has none.
///
/// # Errors
/// When the TLS library refuses its own defaults.
pub fn system_tls() -> Result<rustls::ClientConfig, ClientError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    let verifying = match builder.clone().with_native_roots() {
        Ok(verifying) => verifying,
        Err(error) => {
            tracing::warn!(%error, "the system has no certificate authorities, using Mozilla's");
            builder.with_webpki_roots()
        }
    };
    Ok(verifying.with_no_client_auth())
}

/// Sends requests. Keeps connections to be used again; cheap to share.
pub struct WebhookClient {
    http: Client<ConnectTimeout<HttpsConnector<GuardedTcp>>, Full<Bytes>>,
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
        mut tls: rustls::ClientConfig,
    ) -> Self {
        tls.alpn_protocols.clear();
        let tcp = GuardedTcp {
            resolver,
            policy: Arc::new(settings.addresses.clone()),
            timeout: settings.connect_timeout,
        };
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(HEAD_BYTES)
            .http2_keep_alive_interval(HTTP2_PING)
            .http2_max_header_list_size(HEAD_BYTES as u32)
            .build(ConnectTimeout { inner: https, timeout: settings.connect_timeout });
        Self { http }
    }

    /// Sends one POST and says what came of it. Ends within this time, from the start to the end of
    /// the answer.
    pub async fn post(&self, request: Request, within: Duration) -> Outcome {
        let deadline = Instant::now() + within;
        let Request { uri, headers, body } = request;
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let response = match timeout_at(deadline, self.http.request(request)).await {
            Err(_) => return Outcome::none_within(within),
            Ok(Err(error)) => return Outcome::from_error(&error),
            Ok(Ok(response)) => response,
        };
        let (head, body) = response.into_parts();
        let mut kept = Vec::new();
        let end =
            timeout_at(deadline, read_body(body, &mut kept)).await.unwrap_or(BodyEnd::TimedOut);
        Outcome::from_response(head.status, head.headers, &kept, end, Timestamp::now())
    }
}

/// Reads what is kept of a body. A longer one is dropped, and its connection with it.
async fn read_body(mut body: Incoming, kept: &mut Vec<u8>) -> BodyEnd {
    while kept.len() <= KEPT_BYTES {
        match body.frame().await {
            None => break,
            Some(Err(error)) => return BodyEnd::Broken(error.to_string()),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let room = (KEPT_BYTES + 1).saturating_sub(kept.len());
                    kept.extend_from_slice(data.get(..room).unwrap_or(data));
                }
            }
        }
    }
    BodyEnd::Read
}
