//! The port to the durable queue, implemented by the store and joined in the binary.

use std::future::Future;

use bellpush_core::{
    delivery::{AttemptRecord, PendingDelivery, Seq},
    ids::IntegrationId,
};

use crate::endpoint::Endpoint;

/// Why the engine switches an integration off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisableReason {
    /// The endpoint answered 410: it is not there any more, on purpose.
    Gone,
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

    /// Writes a group of finished attempts and what they mean for their deliveries, all or none,
    /// durably when it returns. A record that is there already (same key and number) is no error.
    fn record(
        &self,
        records: Vec<AttemptRecord>,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// All active integrations.
    fn endpoints(&self) -> impl Future<Output = Result<Vec<Endpoint>, QueueError>> + Send;

    /// Makes an integration inactive; its pending deliveries stay. The engine stops sending to it
    /// at once and does not need an announcement of the change.
    fn disable(
        &self,
        integration_id: IntegrationId,
        reason: DisableReason,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}
