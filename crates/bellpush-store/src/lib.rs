//! Where Bellpush keeps things: repositories and the durable event log, on SQLite and PostgreSQL
//! from one code.
//!
//! Everything goes through a [`Store`], a cheap handle. The rules that must never break (one
//! terminal event per call, the limit on active integrations) are also the database's own. This
//! crate makes no HTTP request and decides nothing about calls: it keeps what it is given, or says
//! why not.

// So that unit tests can use the same fixture as the others.
#[cfg(test)]
extern crate self as bellpush_store;

mod api_keys;
mod apps;
mod audit;
mod background;
mod calls;
mod checkpoint;
mod db;
mod deliveries;
mod delivery_log;
mod error;
mod events;
mod integrations;
mod keys;
mod log;
mod migrations;
mod nodes;
mod outages;
mod page;
mod profiles;
#[cfg(test)]
mod query_plans;
mod removals;
mod replays;
mod secrets;
mod sessions;
mod signing;
mod statistics;
mod store;
mod trunks;
pub mod vault;
mod widget_keys;

pub use api_keys::{ApiKey, SecretHash};
pub use apps::App;
pub use audit::{Actor, AuditAction, AuditEntry};
pub use calls::{Call, CallFilter, CallState};
pub use deliveries::Endpoint;
pub use delivery_log::{Delivery, DeliveryFilter};
pub use error::{DatabaseError, OpenError, SaveError, StoreError};
pub use events::{EventFilter, RecordedEvent};
pub use integrations::{Integration, NewSecrets};
pub use log::{Append, AppendError, Appended, CallEnd, CallFinish, NewCall, Refusal};
pub use nodes::{LivingNode, OrphanedCall};
pub use outages::Notification;
pub use page::{Page, PageRequest};
pub use profiles::Profile;
pub use replays::{Replay, ReplayState};
pub use secrets::{MAX_REVEALS, REVEAL_WINDOW, Reveal, RevealError, Secret};
pub use sessions::{NewSession, Session};
pub use signing::{MAX_OVERLAPS, RetiredSecret, SigningSecrets};
pub use statistics::{BacklogSample, Latency, Statistics, StepSize};
pub use store::{Store, Target};
pub use trunks::{PasswordChange, Trunk};
pub use vault::{KeyRing, MasterKey};
pub use widget_keys::WidgetKey;
