//! A webhook endpoint that keeps whatever it gets and answers as it is told.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
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
    /// What it is answered; `None` when it is left hanging.
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
    /// Answers with this status after a while.
    After(Duration, u16),
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
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Endpoint {
    shared: Arc<Mutex<Shared>>,
    count: Arc<watch::Sender<usize>>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

/// A request that is here and not answered, as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(endpoint: &Endpoint) -> Self {
        let open = endpoint.open.fetch_add(1, Ordering::SeqCst) + 1;
        endpoint.most.fetch_max(open, Ordering::SeqCst);
        Self(Arc::clone(&endpoint.open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
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
        let (open, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let endpoint = Endpoint {
            shared: Arc::clone(&shared),
            count: Arc::new(sender),
            open: Arc::clone(&open),
            most: Arc::clone(&most),
        };
        let router = Router::new().fallback(receive).with_state(endpoint);
        let task = tokio::spawn(async move {
            // It is aborted when the sink is dropped, and has no other end.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, shared, count, open, most, task })
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

    /// How many requests are here and not answered at this moment.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// How many requests were here at once, at most, since this was asked last.
    pub fn take_most_in_flight(&self) -> usize {
        self.most.swap(self.in_flight(), Ordering::SeqCst)
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
    let _open = Open::new(&endpoint);
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
            Reply::Status(status) | Reply::After(_, status) => Some(status),
            Reply::Hang => None,
        };
        shared.received.push(received);
        reply
    };
    endpoint.count.send_modify(|count| *count += 1);
    let status = match reply {
        Reply::Status(status) => status,
        Reply::After(time, status) => {
            tokio::time::sleep(time).await;
            status
        }
        Reply::Hang => std::future::pending().await,
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
