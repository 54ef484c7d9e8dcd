//! Everything that speaks HTTP: the `/v1` API, what the widget needs, the embedded web parts,
//! health and metrics.
//!
//! It joins the call engine and the event log; the way of a call is in `calls`. It never
//! decides what a call's event is (the core's life cycle does) and never delivers one (the delivery
//! engine does).

mod api;
mod calls;
mod demo;
mod http;
mod ops;
pub mod replays;
mod router;
mod server;
mod tokens;
mod trunks;
mod turn;
mod widget;

pub use calls::recovery;
pub use demo::Demo;
pub use http::limits::LimitSettings;
pub use router::{openapi, router};
pub use server::{Server, ServerConfig};
pub use tokens::{ApiKey, ResumeToken, SessionToken, WidgetKey};
pub use turn::TurnConfig;

use bellpush_core::ids::EventId;
use uuid::Uuid;

/// A new event id: a UUIDv7 of now.
fn new_event_id() -> EventId {
    // `from_uuid` refuses other versions only.
    EventId::from_uuid(Uuid::now_v7()).unwrap_or_else(|| unreachable!("now_v7 is of version 7"))
}
