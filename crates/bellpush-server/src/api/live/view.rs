//! What is told, as it is shown.

use bellpush_core::{
    context::Context,
    events::EventTime,
    ids::{CallId, DestinationId},
    lifecycle::Phase,
};
use bellpush_store::CallUnderWay;
use serde::Serialize;
use utoipa::ToSchema;

/// The calls under way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveSnapshot {
    /// The calls, newest first, up to 1,000; those of other servers of the installation too.
    pub(super) calls: Vec<LiveCallView>,
    /// Where to go on, as `after`.
    pub(super) cursor: String,
}

/// One message of the stream.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it only describes")]
pub(crate) struct LiveMessage {
    /// Where to go on after it; `resync` and `end` have none.
    id: Option<String>,
    /// What `data` is.
    event: LiveMessageKind,
    /// JSON: a `LiveSnapshot`, an `EventView`, `{"callId": …, "phase": …, "held": …}`, `{"reason": …}` or `{}`.
    data: String,
}

/// What a message of the stream tells.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "it only describes")]
enum LiveMessageKind {
    /// The calls under way.
    Snapshot,
    /// An event, as it was stored.
    Event,
    /// A call went on.
    Call,
    /// Something was missed: a snapshot follows.
    Resync,
    /// The stream lives.
    Heartbeat,
    /// The stream is closed.
    End,
}

/// A call under way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LiveCallView {
    /// Its id.
    #[schema(value_type = String)]
    call_id: CallId,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    started_at: EventTime,
    /// The profile that was called first.
    #[schema(value_type = String)]
    profile_id: DestinationId,
    /// Its session's context.
    #[schema(value_type = BTreeMap<String, String>)]
    context: Context,
    /// Whether it comes from a preview.
    preview: bool,
    /// The phase that it is in: `connecting`, `ringing`, `connected` or `reconnecting`; `null` of a call
    /// of another server.
    #[schema(value_type = Option<String>)]
    phase: Option<Phase>,
    /// Whether the far side holds the visitor; `null` of a call of another server.
    held: Option<bool>,
}

impl LiveCallView {
    pub(super) fn new(under_way: CallUnderWay, stage: Option<(Phase, bool)>) -> Self {
        let CallUnderWay { call, context, preview } = under_way;
        let (phase, held) = stage.unzip();
        Self {
            call_id: call.id,
            started_at: call.started_at,
            profile_id: call.profile_id,
            context,
            preview,
            phase,
            held,
        }
    }
}

/// A call went on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallProgress {
    pub(super) call_id: CallId,
    pub(super) phase: Phase,
    pub(super) held: bool,
}
