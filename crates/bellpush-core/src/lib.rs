//! The language of Bellpush: ids, the event envelope and its catalogue, the life cycle of a call,
//! the URL context, allowed origins, business hours and the routing of calls, the traces of events, alerts,
//! and what apps, profiles, trunks and integrations are made of.
//!
//! Nothing here opens a socket or a file, sleeps, reads a clock or draws a random number: time and
//! ids come in as arguments. That is what lets every rule be tested to exhaustion.
#![cfg_attr(
    not(feature = "openapi"),
    allow(
        dead_code,
        unused_imports,
        reason = "some patterns are for descriptions of the API alone"
    )
)]

pub mod access;
pub mod alerts;
pub mod analytics;
pub mod app;
mod by_name;
pub mod call_notice;
pub mod cluster;
pub mod configuration;
pub mod context;
pub mod delivery;
pub mod design;
mod distinct;
pub mod embed;
pub mod events;
mod field_error;
pub mod hours;
pub mod ids;
pub mod integration;
pub mod kept;
pub mod lifecycle;
pub mod origin;
pub mod profile;
pub mod quality;
pub mod record;
pub mod rehearsal;
pub mod routing;
pub mod schema;
pub mod submission;
pub mod trace;
pub mod trace_context;
pub mod trunk;

pub use by_name::ByName;
pub use field_error::FieldError;
