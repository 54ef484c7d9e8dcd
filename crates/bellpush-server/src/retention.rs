//! Removes what has been kept for its time: one server's work, as long as it leads.

use std::{sync::Arc, time::Duration};

use bellpush_core::{app::Retention, events::EventTime};
use bellpush_store::{Store, StoreError, Waiting};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{clock::SETTLED_AFTER, config::ServerConfig};

/// What has been kept for its time is removed this often.
const EVERY: Duration = Duration::from_secs(3_600);

/// Removes what is old, until the server stops. A pass may take hours, and nothing else waits for it.
pub(crate) async fn run(store: Store, config: Arc<ServerConfig>, stopped: CancellationToken) {
    let work = async {
        if !store.is_shared() {
            tokio::time::sleep(SETTLED_AFTER).await;
        }
        let mut leading = store.leading();
        // Only together with the store does what says so go away.
        while leading.wait_for(|leads| *leads).await.is_ok() {
            let removal = async {
                loop {
                    remove_old(&store, &config).await;
                    tokio::time::sleep(EVERY).await;
                }
            };
            tokio::select! {
                () = removal => {}
                _ = leading.wait_for(|leads| !leads) => {}
            }
        }
    };
    stopped.run_until_cancelled(work).await;
}

async fn remove_old(store: &Store, config: &ServerConfig) {
    if let Err(error) = remove_of_all(store, config).await {
        warn!(%error, "what has been kept for its time can't be removed");
    }
    if let Err(error) = remove_of_apps(store).await {
        warn!(%error, "what apps keep for a time can't be removed");
    }
}

/// What is kept for as long as the server is told to keep it.
async fn remove_of_all(store: &Store, config: &ServerConfig) -> Result<(), StoreError> {
    let now = store.clock().await?;
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
async fn remove_of_apps(store: &Store) -> Result<(), StoreError> {
    let (apps, now) = (store.apps().await?, store.clock().await?);
    let longest = Retention::longest(apps.iter().map(|app| &app.settings.retention));
    if let Err(error) = store.keep_partitions(&longest, now).await {
        warn!(%error, "partitions are left as they are, and tried again in an hour");
    }
    // Without that, everything goes row by row.
    let waiting = store.waiting(&longest, now).await.unwrap_or_else(|error| {
        warn!(%error, "what waits for its partition can't be told");
        Waiting::default()
    });
    for app in &apps {
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
    Ok(())
}
