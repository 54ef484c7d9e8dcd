//! The port to the durable queue, implemented by the store and joined in the binary.

use std::{future::Future, time::Duration};

use bellpush_core::{
    delivery::{AttemptRecord, DisableReason, Outage, PendingDelivery, Seq},
    ids::{AppId, IntegrationId, RehearsalId},
    rehearsal::{EndpointFault, Running},
};

use crate::{endpoint::Endpoint, scheduler::LaneStatus};

/// An active integration.
#[derive(Debug)]
pub struct ActiveEndpoint {
    /// Where and how it is sent its events.
    pub endpoint: Endpoint,
    /// Its app.
    pub app_id: AppId,
    /// The outage that was kept of it, if it was failing.
    pub outage: Option<Outage>,
    /// The rehearsal that runs for its previews.
    pub rehearsal: Option<Running<EndpointFault>>,
}

/// The queue could not be read or written. The engine tries again.
#[derive(Debug, thiserror::Error)]
#[error("the delivery queue failed: {0}")]
pub struct QueueError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl QueueError {
    /// Wraps what the store said.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// The deliveries on disk.
///
/// The engine calls again after an error, so every method may run twice for one purpose.
pub trait DeliveryQueue: Send + Sync + 'static {
    /// The pending deliveries of one integration whatever their due time, in ascending order of
    /// `seq`, beginning after `after` (`None`: at the first), at most `limit`. Fewer than `limit`
    /// means that there is no more.
    fn load(
        &self,
        integration_id: IntegrationId,
        after: Option<Seq>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<PendingDelivery>, QueueError>> + Send;

    /// Those pending ones that come before `after` and belong to the calls of a page that was read
    /// after it: where several servers append events, one may have been passed by unseen. None, where
    /// there is one server.
    fn passed_by(
        &self,
        _after: Option<Seq>,
        _page: &[PendingDelivery],
    ) -> impl Future<Output = Result<Vec<PendingDelivery>, QueueError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Writes a group of finished attempts and what they mean for their deliveries, all or none,
    /// durably when it returns. A record that is there already (same key and number) is no error.
    fn record(
        &self,
        records: Vec<AttemptRecord>,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// All active integrations.
    fn endpoints(&self) -> impl Future<Output = Result<Vec<ActiveEndpoint>, QueueError>> + Send;

    /// One integration, active or not; `None` when there is none.
    fn endpoint(
        &self,
        integration_id: IntegrationId,
    ) -> impl Future<Output = Result<Option<Endpoint>, QueueError>> + Send;

    /// Keeps the outages of these integrations, or forgets them (`None`). Those of integrations that
    /// are not active are not kept.
    fn keep_outages(
        &self,
        outages: Vec<(IntegrationId, Option<Outage>)>,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Keeps how the breakers of these rehearsals do; `None` for a closed one.
    fn keep_rehearsals(
        &self,
        outages: Vec<(RehearsalId, Option<Outage>)>,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Keeps how the queues of these integrations look, for charts. `since_last`: for how long it
    /// was not asked to. Not called again after an error.
    fn keep_backlog(
        &self,
        lanes: Vec<LaneStatus>,
        since_last: Duration,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Makes an integration inactive, says so to its admins, and forgets its outage; its pending
    /// deliveries stay. One that has another URL by now stays as it is. The engine stops sending to it at
    /// once, reads the endpoints again afterwards, and does not need an announcement of the change.
    fn disable(
        &self,
        integration_id: IntegrationId,
        url: String,
        reason: DisableReason,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}
