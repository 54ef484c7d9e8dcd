//! An endpoint that always fails: its breaker opens before anything happens, and then it gets one request
//! at a time at most, whichever server is its owner.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::ensure;
use bellpush_test_support::{
    SOON,
    api::{Api, App, Integration},
    eventually,
    postgres::execute,
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

use super::site::Site;
use crate::{EVENTS, ORIGIN, ledger::Ledger};

/// It takes its time, so that requests at the same time are seen.
const FAILS_AFTER: Duration = Duration::from_millis(200);
/// Fails where no breaker is kept as open.
const IS_KEPT: &str = "
    DO $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM outages) THEN
            RAISE EXCEPTION 'no breaker is open';
        END IF;
    END
    $$";

pub(super) struct DeadEndpoint {
    pub(super) api: Api,
    pub(super) app: App,
    integration: Integration,
    sink: Sink,
    pub(super) ledger: Arc<Ledger>,
    /// Requests that came before its breaker was open.
    before: AtomicUsize,
}

impl DeadEndpoint {
    pub(super) async fn open(api: Api) -> anyhow::Result<Self> {
        let sink = Sink::start().await?;
        sink.reply(|_| Reply::After(FAILS_AFTER, 503));
        let settings = json!({
            "name": "Out of order",
            "resumeSeconds": 0,
            "allowedOrigins": [ORIGIN],
            "survey": { "questions": [{ "id": "sound", "label": "How was the sound?" }] },
        });
        let app = api.create_app(&settings).await?;
        let integration = api.create_integration(&app, &sink.url(), &EVENTS).await?;
        let ledger = Arc::new(Ledger::default());
        ledger.entries().calls_may_be_lost = true;
        Ok(Self { api, app, integration, sink, ledger, before: AtomicUsize::default() })
    }

    /// Waits until its breaker is open, also for the next owner, and nothing is on its way.
    pub(super) async fn is_given_up(&self, site: &Site) -> anyhow::Result<()> {
        eventually("the breaker opens", SOON, async || {
            let is_closed = self.breaker().await?["state"] == "closed";
            let is_kept = !is_closed && execute(&site.database.url(), IS_KEPT).await.is_ok();
            Ok((is_kept && self.sink.in_flight() == 0).then_some(()))
        })
        .await?;
        self.sink.take_most_in_flight();
        self.before.store(self.sink.received().len(), Ordering::SeqCst);
        Ok(())
    }

    async fn breaker(&self) -> anyhow::Result<Value> {
        let (app, integration) = (&self.app.id, &self.integration.id);
        let path = format!("/v1/apps/{app}/integrations/{integration}/health");
        let answer = self.api.get(&path).await?;
        // Nobody can tell while a new owner is sought.
        let health: Value = if answer.status == 200 { answer.json()? } else { json!({}) };
        Ok(health["breaker"].clone())
    }

    pub(super) async fn check(&self) -> anyhow::Result<()> {
        let probes = self.sink.received().len() - self.before.load(Ordering::SeqCst);
        ensure!(probes > 0, "nobody has looked whether the endpoint is back");
        let most = self.sink.take_most_in_flight();
        ensure!(most <= 1, "{most} requests at once came to an endpoint whose breaker is open");
        let state = self.breaker().await?["state"].clone();
        ensure!(state == "open" || state == "half_open", "its breaker is {state}");
        Ok(())
    }
}
