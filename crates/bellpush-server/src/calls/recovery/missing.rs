//! Calls that are this node's in the store, though it does not have them: one that another node has given
//! back which this one had let go of, or of which a claim broke off. Their visitors may take them up, here or
//! elsewhere, for as long as those of a node that is gone; then they are ended, and at once when their visitors hang
//! up.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{ids::CallId, trunk::OpenDialog};
use bellpush_store::StoreError;

use super::{
    leases::Leases,
    orphans::{self, GRACE, Patience},
};
use crate::calls::{dialogs, state::Calls};

/// Which calls are missing, and since when, by this node's steady clock.
#[derive(Debug, Default)]
pub(super) struct MissingCalls(HashMap<CallId, Instant>);

impl MissingCalls {
    /// Looks for missing calls, and ends those that have been for too long.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn end(&mut self, calls: &Arc<Calls>) -> Result<(), StoreError> {
        // In this order: what is placed in between is here, and what ends is seen the next time.
        let own = calls.store.live_calls_on(calls.node_id).await?;
        let here: HashSet<CallId> = calls.live.all().into_iter().map(|(id, _)| id).collect();
        let is_missing = |id: &CallId| !here.contains(id) && !calls.claims.contains(*id);
        let missing: HashSet<CallId> = own.into_iter().filter(is_missing).collect();
        self.0.retain(|id, _| missing.contains(id));
        for id in missing {
            self.0.entry(id).or_insert_with(Instant::now);
        }
        let mut patience = Patience::default();
        let waiting: Vec<(CallId, Duration)> =
            self.0.iter().map(|(id, since)| (*id, since.elapsed())).collect();
        for (id, waited) in waiting {
            let Some(call) = calls.store.own_call(id, calls.node_id).await? else { continue };
            if !call.is_abandoned() {
                let patience = match call.can_be_taken_up {
                    true => patience.of(calls, call.call.app_id).await?,
                    false => GRACE,
                };
                if waited < patience {
                    continue;
                }
            }
            // Nobody begins with it meanwhile.
            let Some(_turn) = calls.claims.begin(id) else { continue };
            let present = Leases::now(calls).await?.present;
            if let Some(open) = orphans::end(calls, &call, present).await? {
                let open = OpenDialog { snapshot: open.snapshot.taken_over(), ..open };
                tokio::spawn(dialogs::end(Arc::clone(calls), open));
            }
        }
        Ok(())
    }
}
