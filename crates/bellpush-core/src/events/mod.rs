//! Events: the envelope, the catalogue of six life-cycle events, custom events, and the rules for
//! what a widget may send (docs/events.md).

mod catalogue;
mod envelope;
mod error_code;
mod sample;
mod submission;

pub use catalogue::{CATALOGUE, CatalogueEvent, EndReason, EventName, Field, SurveySummary};
pub use envelope::{Envelope, Event, EventTime, InvalidTime};
pub use error_code::{ERROR_CODES, ErrorCode, ErrorCodeFacts};
pub use sample::sample;
pub use submission::{
    CUSTOM_NAME_PATTERN, MAX_CUSTOM_DATA_BYTES, SessionFacts, Submission, SubmissionError,
    SubmittedEvent, is_custom_name,
};
