//! Keeps what becomes of this node's dialogs. What comes together is kept together.

use std::{collections::HashMap, time::Duration};

use bellpush_call::ToKeep;
use bellpush_core::{ids::NodeId, trunk::DialogChange};
use bellpush_store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::clock::SharedClock;

/// Changes that are kept at once.
const BATCH: usize = 256;
/// How long to wait before the store is asked again that did not take them.
const RETRY: Duration = Duration::from_secs(1);

/// Keeps all changes until the server is told to stop, and then those that have come by then. What the
/// store does not take is tried again with what comes after it.
pub(crate) async fn keep(
    (store, node_id, clock): (Store, NodeId, SharedClock),
    mut changes: mpsc::Receiver<ToKeep>,
    stopped: CancellationToken,
) {
    let mut waiting = Waiting::default();
    let mut batch = Vec::with_capacity(BATCH);
    let mut is_failing = false;
    loop {
        let is_stopping = tokio::select! {
            biased;
            count = changes.recv_many(&mut batch, BATCH), if !is_failing => count == 0,
            () = tokio::time::sleep(RETRY), if is_failing => {
                while batch.len() < BATCH && let Ok(next) = changes.try_recv() {
                    batch.push(next);
                }
                false
            }
            () = stopped.cancelled() => {
                while let Ok(next) = changes.try_recv() {
                    batch.push(next);
                }
                true
            }
        };
        waiting.take(&mut batch);
        let kept = waiting.keep(&store, node_id, &clock).await;
        match &kept {
            Ok(()) if is_failing => info!("dialogs are kept again"),
            Err(error) if !is_failing => error!(%error, "dialogs can't be kept yet"),
            Ok(()) | Err(_) => {}
        }
        is_failing = kept.is_err();
        if is_stopping {
            return;
        }
    }
}

/// What is not on disk yet, the last change of each dialog.
#[derive(Default)]
struct Waiting {
    changes: HashMap<String, DialogChange>,
    told: Vec<oneshot::Sender<()>>,
}

impl Waiting {
    fn take(&mut self, batch: &mut Vec<ToKeep>) {
        for ToKeep { change, kept } in batch.drain(..) {
            self.changes.insert(change.sip_call_id().to_owned(), change);
            self.told.extend(kept);
        }
    }

    async fn keep(
        &mut self,
        store: &Store,
        node_id: NodeId,
        clock: &SharedClock,
    ) -> Result<(), StoreError> {
        if !self.changes.is_empty() {
            let changes = self.changes.values().cloned().collect();
            store.keep_dialogs(node_id, clock.now(), changes).await?;
            self.changes.clear();
        }
        for told in self.told.drain(..) {
            // Whoever asked may have given up waiting.
            let _ = told.send(());
        }
        Ok(())
    }
}
