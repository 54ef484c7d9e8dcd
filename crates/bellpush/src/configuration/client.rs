//! Asks a server by its API.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bellpush_core::configuration::MAX_BYTES;
use bellpush_delivery::client::system_tls;
use bytes::Bytes;
use clap::Args;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

/// How long the server may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of an answer, at most: a document with all that stands around it.
const ANSWER_BYTES: usize = 4 * MAX_BYTES;

/// Where the server is, and who asks.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// The server's URL
    #[arg(long, value_name = "URL", env = "BELLPUSH_URL", default_value = "http://localhost:8080")]
    url: Url,
    /// An API key of the server, made under API keys in Call Studio or by bellpush api-keys
    #[arg(long, value_name = "KEY", env = "BELLPUSH_API_KEY", hide_env_values = true)]
    api_key: Option<SecretString>,
}

impl Connection {
    /// The server's URL, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }
}

/// A way to the server.
pub(super) struct Client {
    inner: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    api_key: SecretString,
}

impl Client {
    /// # Errors
    /// Without a key, or with a URL of another kind.
    pub(super) fn new(connection: Connection) -> anyhow::Result<Self> {
        let url = connection.url().to_owned();
        if !matches!(connection.url.scheme(), "http" | "https") {
            bail!("--url: {url:?} is not like https://calls.example.com");
        }
        let api_key = connection.api_key.context("--api-key: name an API key of the server")?;
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(system_tls()?)
            .https_or_http()
            .enable_http1()
            .build();
        let inner = legacy::Client::builder(TokioExecutor::new()).build(https);
        Ok(Self { inner, url, api_key })
    }

    /// # Errors
    /// No answer, or a refusal, in a sentence.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// # Errors
    /// No answer, or a refusal, in a sentence.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Bytes::from(body.to_string())).await
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Value> {
        let authorization = format!("Bearer {}", self.api_key.expose_secret());
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|_| anyhow!("--api-key: there is something in it that no key has"))?;
        let asking = async {
            let (head, body) = self.inner.request(request).await?.into_parts();
            let bytes = Limited::new(body, ANSWER_BYTES).collect().await;
            let bytes = bytes.map_err(|_| anyhow!("its answer broke off"))?.to_bytes();
            anyhow::Ok((head.status, bytes))
        };
        let answer = tokio::time::timeout(TIMEOUT, asking).await;
        let (status, bytes) = answer
            .map_err(|_| anyhow!("it did not answer within {} s", TIMEOUT.as_secs()))
            .and_then(|answer| answer)
            .with_context(|| format!("{} can't be asked", self.url))?;
        let value: Option<Value> = serde_json::from_slice(&bytes).ok();
        match value {
            Some(value) if status.is_success() => Ok(value),
            Some(problem) => bail!("{}", refusal(&problem)),
            None => bail!("{} answered {status}, and not as Bellpush does", self.url),
        }
    }
}

/// What a problem document says, with the place.
fn refusal(problem: &Value) -> String {
    let text = |field: &str| problem[field].as_str().unwrap_or_default();
    match text("pointer").trim_start_matches("/configuration") {
        "" => text("detail").to_owned(),
        place => format!("{place}: {}", text("detail")),
    }
}
