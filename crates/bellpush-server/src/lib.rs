//! Everything that speaks HTTP: the `/v1` API, what the widget needs, the embedded web parts,
//! health and metrics.
//!
//! It joins the call engine and the event log; the way of a call is in `calls`. It never
//! decides what a call's event is (the core's life cycle does) and never delivers one (the delivery
//! engine does).

mod access;
mod alerts;
mod api;
mod calls;
mod clock;
mod cluster;
mod config;
mod contract;
mod demo;
mod designs;
mod duties;
mod embed;
mod event_log;
mod exports;
mod followers;
mod hours;
mod http;
mod live;
mod mail;
mod node_url;
mod ops;
mod privacy;
mod records;
mod reference;
mod rehearsals;
mod replays;
mod retention;
mod roll_ups;
mod router;
mod server;
mod sessions;
mod sign_in;
mod studio;
mod tokens;
mod trunks;
mod widget;

pub use calls::recovery::TAKING_UP;
pub use cluster::Cluster;
pub use config::ServerConfig;
pub use demo::Demo;
pub use embed::EmbedChecks;
pub use http::{client_ip::limit_key, limits::LimitSettings};
pub use mail::{MailConfig, MailConfigError};
pub use node_url::NodeUrl;
pub use records::RecordLimits;
pub use router::{metrics_router, openapi, router};
pub use server::{Recording, Server};
pub use sessions::turn::TurnConfig;
pub use tokens::{
    ApiKey, CeremonyToken, InvitationToken, RecoveryToken, ResumeToken, SessionToken, SetupToken,
    SignInToken, WidgetKey,
};
