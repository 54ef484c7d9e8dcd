//! A webhook endpoint that keeps whatever it gets and answers as it is told.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use standardwebhooks::Webhook;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// One request.
#[derive(Debug, Clone)]
pub struct Received {
    /// When it came.
    pub at: Instant,
    /// The path and the query that it asked for.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Bytes,
    /// Whether the signature is right; `None` while the sink does not know the secret.
    pub signed: Option<bool>,
    /// What it was answered; `None` when it was left hanging.
    pub answered: Option<u16>,
}

impl Received {
    /// A header; empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The event's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The envelope.
    ///
    /// # Errors
    /// The body is not JSON.
    pub fn envelope(&self) -> anyhow::Result<serde_json::Value> {
        serde_json::from_slice(&self.body).context("the body of a webhook is not JSON")
    }
}

/// What the sink does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Answers with this status.
    Status(u16),
    /// Never answers.
    Hang,
}

type Policy = Box<dyn FnMut(&Received) -> Reply + Send>;

struct Shared {
    received: Vec<Received>,
    webhook: Option<Webhook>,
    policy: Policy,
}

/// A running sink. Dropping it closes it.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Endpoint {
    shared: Arc<Mutex<Shared>>,
    count: Arc<watch::Sender<usize>>,
}

impl Sink {
    /// Starts a sink that accepts everything.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(Shared {
            received: Vec::new(),
            webhook: None,
            policy: Box::new(|_| Reply::Status(200)),
        }));
        let (sender, count) = watch::channel(0);
        let endpoint = Endpoint { shared: Arc::clone(&shared), count: Arc::new(sender) };
        let router = Router::new().fallback(receive).with_state(endpoint);
        let task = tokio::spawn(async move {
            // It is aborted when the sink is dropped, and has no other end.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, shared, count, task })
    }

    /// The URL for an integration.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/bellpush", self.address)
    }

    /// Checks the signatures of later requests with this secret.
    ///
    /// # Errors
    /// It is not a secret of Standard Webhooks.
    pub fn check_signatures(&self, secret: &str) -> anyhow::Result<()> {
        let webhook = Webhook::new(secret).context("not a signing secret")?;
        self.lock().webhook = Some(webhook);
        Ok(())
    }

    /// Answers later requests as this says.
    pub fn reply(&self, policy: impl FnMut(&Received) -> Reply + Send + 'static) {
        self.lock().policy = Box::new(policy);
    }

    /// Answers the first `count` attempts of every event with 500, and accepts the rest.
    pub fn fail_first(&self, count: u32) {
        let mut attempts: HashMap<String, u32> = HashMap::new();
        self.reply(move |received| {
            let attempt = attempts.entry(received.id().to_owned()).or_default();
            *attempt += 1;
            Reply::Status(if *attempt <= count { 500 } else { 200 })
        });
    }

    /// All requests so far, in the order of their arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.lock().received.clone()
    }

    /// Waits until the requests so far fulfil the condition, and returns them.
    ///
    /// # Errors
    /// They do not within this time.
    pub async fn wait_until(
        &self,
        within: Duration,
        mut condition: impl FnMut(&[Received]) -> bool,
    ) -> anyhow::Result<Vec<Received>> {
        let mut count = self.count.clone();
        let fulfilled = count.wait_for(|_| condition(&self.lock().received));
        let in_time = tokio::time::timeout(within, fulfilled).await.is_ok();
        let received = self.received();
        anyhow::ensure!(in_time, "not received within {within:?}; there are {}", received.len());
        Ok(received)
    }

    /// Waits for an event of this name.
    ///
    /// # Errors
    /// There is none within this time.
    pub async fn event(&self, name: &str, within: Duration) -> anyhow::Result<Received> {
        let named = |received: &Received| {
            received.envelope().is_ok_and(|envelope| envelope["name"] == name)
        };
        let received = self
            .wait_until(within, |received| received.iter().any(named))
            .await
            .with_context(|| format!("no {name} came"))?;
        received.into_iter().find(named).context("it was there before")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(
    State(endpoint): State<Endpoint>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let (at, target) = (Instant::now(), uri.to_string());
    let mut received = Received { at, target, headers, body, signed: None, answered: None };
    let reply = {
        let mut shared = endpoint.shared.lock().unwrap_or_else(PoisonError::into_inner);
        received.signed = shared
            .webhook
            .as_ref()
            .map(|webhook| webhook.verify(&received.body, &received.headers).is_ok());
        let reply = (shared.policy)(&received);
        received.answered = match reply {
            Reply::Status(status) => Some(status),
            Reply::Hang => None,
        };
        shared.received.push(received);
        reply
    };
    endpoint.count.send_modify(|count| *count += 1);
    match reply {
        Reply::Status(status) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Reply::Hang => std::future::pending().await,
    }
}
