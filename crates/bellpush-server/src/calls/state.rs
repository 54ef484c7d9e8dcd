//! What the calls of this node share.

use std::{sync::Arc, time::Duration};

use bellpush_call::{Engine, MediaProbe};
use bellpush_core::{
    ids::{AppId, CallId, NodeId},
    lifecycle::Phase,
};
use bellpush_store::{Store, StoreError};
use futures_util::future::join_all;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};

use super::{
    permits::CallPermits,
    registry::{LiveCall, LiveCalls},
    taking_over::ClaimsUnderWay,
};
use crate::{
    clock::SharedClock, cluster::Cluster, config::ServerConfig, designs::Designs,
    event_log::EventLog, sessions::Sessions, trunks::RunningTrunks,
};

/// How long the ends of calls that are ended together are waited for.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// The calls of this node, and what they need.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(super) store: Store,
    pub(super) designs: Designs,
    pub(super) log: EventLog,
    pub(super) engine: Engine,
    pub(super) trunks: RunningTrunks,
    pub(super) sessions: Sessions,
    pub(super) config: Arc<ServerConfig>,
    pub(super) cluster: Cluster,
    pub(super) clock: SharedClock,
    /// This process, as the store knows it.
    pub(crate) node_id: NodeId,
    pub(super) live: LiveCalls,
    pub(super) permits: CallPermits,
    pub(super) claims: ClaimsUnderWay,
    draining: CancellationToken,
    /// One task a live call.
    pub(super) tasks: TaskTracker,
}

impl Calls {
    /// None yet.
    #[allow(clippy::too_many_arguments, reason = "each is a part of its own")]
    pub(crate) fn new(
        designs: Designs,
        log: EventLog,
        engine: Engine,
        trunks: RunningTrunks,
        sessions: Sessions,
        config: Arc<ServerConfig>,
        cluster: Cluster,
        clock: SharedClock,
    ) -> Self {
        Self {
            store: cluster.store(),
            designs,
            log,
            engine,
            trunks,
            sessions,
            config,
            node_id: cluster.node_id(),
            cluster,
            clock,
            live: LiveCalls::default(),
            permits: CallPermits::default(),
            claims: ClaimsUnderWay::default(),
            draining: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// What a browser can try this node's media port with, without a call.
    pub(crate) fn media_probe(&self) -> Option<MediaProbe> {
        self.engine.probe()
    }

    /// The phase that a call of this node is in, and whether the far side holds the visitor.
    pub(crate) fn stage(&self, id: CallId) -> Option<(Phase, bool)> {
        self.live.find(id).map(|call| call.stage())
    }

    /// Whether calls may go on at other nodes.
    pub(crate) fn has_other_nodes(&self) -> bool {
        self.cluster.has_others()
    }

    /// Where a call of this node is reached.
    pub(super) fn address_of(&self, id: CallId) -> String {
        let node = self.config.node_url.as_deref().unwrap_or_default();
        format!("{node}/v1/calls/{id}")
    }

    /// Notes that a call is about to be let go of: nothing of it is ended here.
    pub(super) fn lost(&self, id: CallId) {
        if let Some(call) = self.live.find(id) {
            call.lost();
        }
    }

    /// Takes no new call from now on.
    pub(crate) fn drain(&self) {
        self.draining.cancel();
    }

    /// Whether no new call is taken any more.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Waits until the end of every live call is on disk. Ends that the store does not take within
    /// the time are left to recovery, at the next start.
    pub(crate) async fn finish(&self, patience: Duration) {
        self.drain();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            error!(calls = self.tasks.len(), "the ends of these calls are not stored");
        }
    }

    /// Ends an app's live calls, as hung up by the far side, and waits a while for their ends.
    pub(crate) async fn end_calls_of(&self, app_id: AppId) {
        let calls = self.hang_up_on(app_id).await;
        let ends = join_all(calls.iter().map(LiveCall::finished));
        if tokio::time::timeout(ENDS_WITHIN, ends).await.is_err() {
            warn!(app = %app_id, "the ends of the app's calls are not stored yet");
        }
    }

    /// Ends those of these calls that are live on this node, and waits a while for their ends.
    pub(crate) async fn end_calls(&self, ids: &[CallId]) {
        let calls: Vec<_> = ids.iter().filter_map(|id| Some((*id, self.live.find(*id)?))).collect();
        for (id, _) in &calls {
            self.engine.end(*id).await;
        }
        let ends = join_all(calls.iter().map(|(_, call)| call.finished()));
        if tokio::time::timeout(ENDS_WITHIN, ends).await.is_err() {
            warn!("the ends of a person's calls are not stored yet");
        }
    }

    /// Hangs up on the live calls of apps that another node has deleted, and waits for nothing: it
    /// runs beside what keeps this node's lease.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn end_calls_of_deleted_apps(&self) -> Result<(), StoreError> {
        let apps = self.live.apps();
        if apps.is_empty() {
            return Ok(());
        }
        let existing = self.store.existing_apps(&apps).await?;
        for app_id in apps.difference(&existing) {
            self.hang_up_on(*app_id).await;
        }
        Ok(())
    }

    async fn hang_up_on(&self, app_id: AppId) -> Vec<LiveCall> {
        let calls = self.live.of_app(app_id);
        for (id, _) in &calls {
            self.engine.end(*id).await;
        }
        calls.into_iter().map(|(_, call)| call).collect()
    }
}
