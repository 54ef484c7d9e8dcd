//! An app and what its pages know. Its pages are at all servers.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use bellpush_test_support::{
    api::{Api, App, Integration},
    eventually,
    sink::Sink,
};

use crate::{checks, count, gather, ledger::Ledger, live_calls, set_up};

/// Calls of lost servers are over by then, and everything is delivered.
pub(super) const HEALED_WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Shop {
    pub(super) api: Api,
    pub(super) app: App,
    integration: Integration,
    sink: Sink,
    pub(super) ledger: Arc<Ledger>,
}

impl Shop {
    pub(super) async fn open(api: Api, seed: u64) -> anyhow::Result<Self> {
        let sink = Sink::start().await?;
        let (app, integration) = set_up(&api, &sink, seed).await?;
        let ledger = Arc::new(Ledger::default());
        ledger.entries().calls_may_be_lost = true;
        Ok(Self { api, app, integration, sink, ledger })
    }

    /// Whether everything was kept that it was promised.
    pub(super) async fn check(&self) -> anyhow::Result<()> {
        let Self { api, app, integration, sink, ledger } = self;
        eventually("the end of all calls of lost servers", HEALED_WITHIN, async || {
            Ok((live_calls(api, app, "limit=500").await? == 0).then_some(()))
        })
        .await?;
        let evidence = gather(api, app, sink).await?;
        // A server that was stopped took a visitor's end when others had ended the call already.
        for call in &evidence.calls {
            if call.error_code.as_deref() == Some("server_shutdown") {
                ledger.entries().ended_calls.remove(&call.id);
            }
        }
        let faults = checks::faults(ledger, &evidence);
        eprintln!("{ledger}\n{evidence}");
        ensure!(
            faults.is_empty(),
            "{} promises were not kept:\n{}",
            faults.len(),
            faults.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n")
        );
        let path = format!("/v1/apps/{}/integrations/{}/deliveries", app.id, integration.id);
        eventually("the end of all deliveries", HEALED_WITHIN, async || {
            let waiting = count(api, &format!("{path}?limit=1&status=pending")).await?;
            Ok((waiting == 0).then_some(()))
        })
        .await?;
        ensure!(count(api, &format!("{path}?limit=1&status=dead")).await? == 0, "one was given up");
        ensure!(ledger.calls() > 0, "no call at all: {ledger}");
        Ok(())
    }
}
