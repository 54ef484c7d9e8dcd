//! An app with a widget that emits events, and an integration that gets them.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, ensure};
use bellpush_test_support::{
    api::{Api, App, Integration, Recorded},
    eventually,
    server::ServerProcess,
    sink::{Received, Sink},
    widget::{Embed, Widget},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;

/// The event of the shop's pages.
pub const EVENT: &str = "cart_changed";
const ORIGIN: &str = "https://shop.example";
/// Events in one request, at most.
const BATCH: usize = 20;

/// A shop with one open page.
pub struct Shop {
    /// The API.
    pub api: Api,
    /// The app.
    pub app: App,
    /// The page's widget.
    pub widget: Widget,
    /// Where its events go.
    pub integration: Integration,
}

/// A delivery as the API shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The event.
    pub event_id: String,
    /// `pending`, `delivered` or `dead`.
    pub status: String,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

/// One attempt.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// How long it took.
    pub duration_ms: u64,
    /// The answer's status.
    pub status: Option<u16>,
    /// The class of the failure.
    pub failure: Option<String>,
    /// What was said.
    pub detail: String,
}

impl Shop {
    /// A shop of its own whose calls and events go to this URL.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn open(server: &ServerProcess, url: &str) -> anyhow::Result<Self> {
        let api = server.api();
        let app = api.create_app(&json!({ "name": "Shop", "allowedOrigins": [ORIGIN] })).await?;
        let events = [EVENT, "call_started", "call_ended", "call_error"];
        let integration = api.create_integration(&app, url, &events).await?;
        let key = api.create_widget_key(&app).await?.key;
        let embed = Embed { server: server.url(), app: app.clone(), key, origin: ORIGIN.into() };
        let widget = embed.open(json!({ "orderId": "A-1" })).await?;
        Ok(Self { api, app, widget, integration })
    }

    /// Submissions, each with this much data.
    #[must_use]
    pub fn events(&self, count: usize, bytes: usize) -> Vec<Value> {
        let data = |number| json!({ "number": number, "note": "n".repeat(bytes) });
        (0..count).map(|number| self.widget.event(EVENT, data(number))).collect()
    }

    /// Submits events that must be taken.
    ///
    /// # Errors
    /// They are not.
    pub async fn submit(&self, events: &[Value]) -> anyhow::Result<()> {
        for batch in events.chunks(BATCH) {
            self.widget.submit(batch).await?.expect(200)?;
        }
        Ok(())
    }

    /// The newest 500 deliveries, with their attempts.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn deliveries(&self) -> anyhow::Result<Vec<Delivery>> {
        let (app, integration) = (&self.app.id, &self.integration.id);
        let path = format!("/v1/apps/{app}/integrations/{integration}/deliveries");
        let page = self.api.get(&format!("{path}?limit=500")).await?.expect(200)?;
        let page: Value = page.json()?;
        let mut deliveries = Vec::new();
        for item in page["items"].as_array().context("a list")? {
            let id = item["eventId"].as_str().context("an event's id")?;
            deliveries.push(self.api.get(&format!("{path}/{id}")).await?.expect(200)?.json()?);
        }
        Ok(deliveries)
    }

    /// Whether any delivery stands at `status`.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn has_deliveries(&self, status: &str) -> anyhow::Result<bool> {
        let (app, integration) = (&self.app.id, &self.integration.id);
        let path =
            format!("/v1/apps/{app}/integrations/{integration}/deliveries?limit=1&status={status}");
        let page: Value = self.api.get(&path).await?.expect(200)?.json()?;
        Ok(page["items"].as_array().is_some_and(|items| !items.is_empty()))
    }

    /// The shop's events in the log, by id, and each of them once.
    ///
    /// # Errors
    /// One is there twice.
    pub async fn log(&self) -> anyhow::Result<HashMap<String, Recorded>> {
        let mut log = HashMap::new();
        for event in self.api.events(&self.app, "").await? {
            let before = log.insert(event.id.clone(), event);
            ensure!(before.is_none(), "twice in the log: {before:?}");
        }
        Ok(log)
    }

    /// Submits events and waits for them by [`Shop::arrive`].
    ///
    /// # Errors
    /// What is not as it should be.
    pub async fn send_all(
        &self,
        events: &[Value],
        endpoint: &Endpoint,
        within: Duration,
    ) -> anyhow::Result<Vec<Delivery>> {
        self.submit(events).await?;
        self.arrive(events, endpoint, within).await
    }

    /// Waits until all events are delivered, and checks that the endpoint got each of these by its
    /// id and always in the same bytes, and accepted it once. Returns the deliveries.
    ///
    /// # Errors
    /// What is not so.
    pub async fn arrive(
        &self,
        events: &[Value],
        endpoint: &Endpoint,
        within: Duration,
    ) -> anyhow::Result<Vec<Delivery>> {
        let deliveries = eventually("all delivered", within, async || {
            let all = self.deliveries().await?;
            ensure!(all.iter().all(|one| one.status != "dead"), "given up: {all:?}");
            let done = all.len() >= events.len() && all.iter().all(|one| one.status == "delivered");
            Ok(done.then_some(all))
        })
        .await?;
        let log = self.log().await?;
        let mut accepted = HashMap::<String, usize>::new();
        for request in endpoint.requests() {
            let event = log.get(request.id()).with_context(|| format!("unknown: {request:?}"))?;
            ensure!(request.body == event.event.get().as_bytes(), "other bytes: {request:?}");
            *accepted.entry(event.id.clone()).or_default() += usize::from(request.accepted);
        }
        for event in events {
            let id = event["id"].as_str().unwrap_or_default();
            let recorded = log.get(id).with_context(|| format!("{id} is not in the log"))?;
            ensure!(recorded.envelope()? == event["event"], "{id} was changed");
            ensure!(accepted.get(id) == Some(&1), "{id} was accepted {:?} times", accepted.get(id));
            let told = deliveries.iter().filter(|delivery| delivery.event_id == id).count();
            ensure!(told == 1, "{id} has {told} deliveries");
        }
        Ok(deliveries)
    }
}

/// Another app with an endpoint that is well.
pub struct Neighbour {
    shop: Shop,
    sink: Sink,
}

impl Neighbour {
    /// Each of the neighbour's events arrives within this time, whatever happens next door.
    const BOUND: Duration = Duration::from_secs(2);
    const PAUSE: Duration = Duration::from_millis(100);

    /// Opens a shop.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn open(server: &ServerProcess) -> anyhow::Result<Self> {
        let sink = Sink::start().await?;
        let shop = Shop::open(server, &sink.url()).await?;
        sink.check_signatures(&shop.integration.signing_secret)?;
        Ok(Self { shop, sink })
    }

    /// Emits events as long as `work` is not done.
    ///
    /// # Errors
    /// One did not arrive in time, or `work` failed.
    pub async fn beside<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let business = async {
            loop {
                let event = self.shop.events(1, 10);
                self.shop.submit(&event).await?;
                let id = event[0]["id"].as_str().unwrap_or_default();
                let is_it = |got: &Received| got.id() == id && got.signed == Some(true);
                let arrived = |got: &[Received]| got.iter().rev().any(is_it);
                self.sink.wait_until(Self::BOUND, arrived).await.context("the neighbour's")?;
                tokio::time::sleep(Self::PAUSE).await;
            }
        };
        tokio::select! {
            done = work => done,
            failed = business => failed,
        }
    }

    /// How many events it got.
    #[must_use]
    pub fn served(&self) -> usize {
        self.sink.received().len()
    }
}
