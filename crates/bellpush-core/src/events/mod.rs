//! Events: the envelope, the catalogue of six life-cycle events, and custom events (docs/events.md).

mod catalogue;
mod custom;
mod envelope;
mod error_code;
mod sample;

pub use catalogue::{
    ButtonAction, CATALOGUE, CatalogueEvent, EndReason, EventName, Field, SurveySummary,
};
#[cfg(feature = "openapi")]
pub use custom::AnyEventName;
pub use custom::{
    ALERT_FIRED, ALERT_RECOVERED, CALLBACK_REQUESTED, CUSTOM_NAME_PATTERN, MAX_CUSTOM_DATA_BYTES,
    is_custom_name, is_free_name, is_server_name,
};
pub use envelope::{Envelope, Event, EventTime, InvalidTime};
pub use error_code::{ERROR_CODES, ErrorCode, ErrorCodeFacts};
pub use sample::sample;
