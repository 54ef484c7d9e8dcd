//! Deliveries: what the delivery engine reads and writes, and what is seen of it.

pub(crate) mod attempts;
pub(crate) mod endpoints;
pub(crate) mod exchanges;
pub(crate) mod hours;
mod latency;
mod of_app;
pub(crate) mod outages;
pub(crate) mod past_outages;
pub(crate) mod replays;
pub(crate) mod search;
pub(crate) mod statistics;
mod status;

pub use endpoints::Endpoint;
pub use latency::Latency;
pub use outages::Notification;
pub use replays::{Replay, ReplayState};
pub use search::{Delivery, DeliveryFilter};
pub use statistics::{BacklogSample, Statistics, StepSize};
