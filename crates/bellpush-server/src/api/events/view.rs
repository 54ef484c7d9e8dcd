//! An event, as it is shown.

use bellpush_core::{
    events::EventTime,
    ids::{CallId, EventId},
};
use bellpush_store::RecordedEvent;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// An event as it was recorded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventView {
    /// Its id, the same at all receivers.
    #[schema(value_type = String)]
    id: EventId,
    /// Its call.
    #[schema(value_type = Option<String>)]
    call_id: Option<CallId>,
    /// Whether it comes from a preview.
    preview: bool,
    /// When the server stored it.
    #[schema(value_type = String, format = DateTime)]
    recorded_at: EventTime,
    /// The envelope, as every receiver gets it.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
}

impl TryFrom<RecordedEvent> for EventView {
    type Error = Problem;

    fn try_from(recorded: RecordedEvent) -> Result<Self, Problem> {
        let event = RawValue::from_string(recorded.envelope)
            .map_err(|_| Problem::internal("an event in the store can't be read"))?;
        Ok(Self {
            id: recorded.id,
            call_id: recorded.call_id,
            preview: recorded.preview,
            recorded_at: recorded.recorded_at,
            event,
        })
    }
}
