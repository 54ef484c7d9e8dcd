//! Delivers events to integrations by HTTP (docs: integrations).
//!
//! * [`scheduler`] and [`breaker`] decide what is attempted when. They are pure: inputs and times in,
//!   actions out.
//! * [`signing`] signs as Standard Webhooks v1 says.
//! * [`client`] sends one request, to addresses that may be called only.
//! * [`engine`] is the edge that joins them with a [`DeliveryQueue`].
//!
//! This crate never decides which events an integration gets, and keeps nothing on disk: the
//! queue behind [`DeliveryQueue`] is the truth, and what is in memory here can be read from it again.

pub mod breaker;
pub mod client;
pub mod engine;
pub mod scheduler;
pub mod signing;

pub use client::{AddressPolicy, ClientSettings};
pub use engine::{
    Announcements, Announcer, DeliveryEngine, DeliveryQueue, DeliverySettings, DisableReason,
    Endpoint, QueueError, ShutDown, announcements,
};
pub use signing::{SigningSecret, SigningSecretError};
