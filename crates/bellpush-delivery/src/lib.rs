//! Delivers events to integrations by HTTP (docs: integrations).
//!
//! * [`scheduler`] and [`breaker`] decide what is attempted when. They are pure: inputs and times in,
//!   actions out.
//! * [`endpoint`] makes requests of an integration's settings, secrets and [`payload`].
//! * [`signing`] signs as Standard Webhooks says.
//! * [`client`] sends one request, to addresses that may be called only.
//! * [`engine`] is the edge that joins them with a [`DeliveryQueue`].
//!
//! This crate never decides which events an integration gets, and keeps nothing on disk: the
//! queue behind [`DeliveryQueue`] is the truth, and what is in memory here can be read from it again.

pub mod breaker;
pub mod client;
pub mod endpoint;
pub mod engine;
pub mod payload;
pub mod scheduler;
pub mod signing;

pub use breaker::BreakerState;
pub use client::{
    AddressPolicy, ClientError, ClientSettings, InvalidNat64Prefix, Nat64Prefix, Outcome, Page,
    Request, Unreachable, WebhookClient,
};
pub use endpoint::{Endpoint, EndpointError};
pub use engine::{
    ActiveEndpoint, Announcements, Announcer, DeliveryEngine, DeliveryQueue, DeliverySettings,
    Elsewhere, EndpointTest, NotRunning, QueueError, ShutDown, Tenure, announcements,
};
pub use scheduler::{LaneStatus, RehearsalStatus};
pub use signing::{Signer, SigningKey, SigningKeyError, SigningSecret, SigningSecretError};
