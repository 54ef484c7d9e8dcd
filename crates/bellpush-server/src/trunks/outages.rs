//! Keeps when trunks are out of order, for charts of what happened meanwhile.
//!
//! Of several servers the one that leads looks, by how the trunks are on it.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use bellpush_core::{
    ids::TrunkId,
    trunk::{OutageChange, OutageWatch},
};
use bellpush_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    clock::now,
    trunks::{RunningTrunks, is_down},
};

/// How often to look at the trunks.
const LOOK: Duration = Duration::from_secs(5);

/// Watches until the server stops.
pub(crate) async fn watch(store: Store, trunks: RunningTrunks, stopped: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    let mut watches = HashMap::new();
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            _ = tick.tick() => {}
        }
        if !store.leads() {
            watches.clear();
            continue;
        }
        if let Err(error) = look(&store, &trunks, &mut watches).await {
            warn!(%error, "outages of trunks can't be kept yet");
        }
    }
}

async fn look(
    store: &Store,
    trunks: &RunningTrunks,
    watches: &mut HashMap<TrunkId, OutageWatch>,
) -> Result<(), StoreError> {
    let known = BTreeSet::from_iter(store.trunks_out_of_order().await?);
    let ids: BTreeSet<_> = trunks.ids().chain(known.iter().copied()).collect();
    watches.retain(|id, _| ids.contains(id));
    for id in ids {
        // One that is switched off is not out of order.
        let Some(is_down) = trunks.status(id).map_or(Some(false), |status| is_down(&status)) else {
            continue;
        };
        match watches.entry(id).or_default().look(is_down, known.contains(&id), now()) {
            Some(OutageChange::Began(at)) => {
                let is_new = store.begin_trunk_outage(id, at).await?;
                info!(trunk = %id, is_new, "the trunk is out of order");
            }
            Some(OutageChange::Ended(at)) => {
                store.end_trunk_outage(id, at).await?;
                info!(trunk = %id, "the trunk is well again");
            }
            None => {}
        }
    }
    Ok(())
}
