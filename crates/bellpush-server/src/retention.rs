//! Removes what has been kept for its time: one server's work, as long as it leads.

use std::{sync::Arc, time::Duration};

use bellpush_core::{app::Retention, events::EventTime};
use bellpush_store::{App, Store, StoreError, Waiting};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{clock::now, config::ServerConfig};

/// What has been kept for its time is removed this often.
const EVERY: Duration = Duration::from_secs(3_600);
/// How soon a pass ends after another server leads.
const LOOK: Duration = Duration::from_secs(5);

/// Removes what is old, until the server stops. A pass may take hours, and nothing else waits for it.
pub(crate) async fn run(store: Store, config: Arc<ServerConfig>, stopped: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            _ = tick.tick(), if store.leads() => {}
        }
        tokio::select! {
            () = stopped.cancelled() => return,
            () = another_leads(&store) => {}
            () = remove_old(&store, &config) => {}
        }
    }
}

async fn another_leads(store: &Store) {
    while store.leads() {
        tokio::time::sleep(LOOK).await;
    }
}

async fn remove_old(store: &Store, config: &ServerConfig) {
    if let Err(error) = remove_of_all(store, config).await {
        warn!(%error, "what has been kept for its time can't be removed");
    }
    match store.apps().await {
        Ok(apps) => remove_of_apps(store, &apps).await,
        Err(error) => warn!(%error, "what apps keep for a time can't be removed"),
    }
}

/// What is kept for as long as the server is told to keep it.
async fn remove_of_all(store: &Store, config: &ServerConfig) -> Result<(), StoreError> {
    let now = now();
    let before = |kept: Duration| {
        let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        EventTime::from_millis(now.millis().saturating_sub(kept))
    };
    if let Some(before) = before(config.keep_statistics) {
        store.remove_statistics(before).await?;
        store.remove_trunk_outages(before).await?;
        store.remove_integration_outages(before).await?;
    }
    if let Some(before) = before(config.keep_notifications) {
        store.remove_notifications(before).await?;
        store.remove_alerts(before).await?;
        store.remove_rehearsals(before).await?;
    }
    store.remove_expired_exports(now).await?;
    Ok(())
}

/// What is kept for as long as its app wants it kept.
async fn remove_of_apps(store: &Store, apps: &[App]) {
    let now = now();
    let longest = Retention::longest(apps.iter().map(|app| &app.settings.retention));
    if let Err(error) = store.keep_partitions(&longest, now).await {
        warn!(%error, "partitions are left as they are, and tried again in an hour");
    }
    // Without that, everything goes row by row.
    let waiting = store.waiting(&longest, now).await.unwrap_or_else(|error| {
        warn!(%error, "what waits for its partition can't be told");
        Waiting::default()
    });
    for app in apps {
        match store.apply_retention(app.id, &app.settings.retention, &waiting, now).await {
            Ok(0) => {}
            Ok(removed) => {
                info!(app = %app.id, removed, "what was kept for its time is deleted");
            }
            // Others do not wait for it.
            Err(error) => {
                warn!(app = %app.id, %error, "what has been kept for its time can't be removed");
            }
        }
    }
}
