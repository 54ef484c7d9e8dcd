//! A call, as it is shown.

use bellpush_core::{
    app::Answers,
    context::Context,
    design::ConsentRecord,
    events::{EndReason, ErrorCode, EventTime},
    ids::{CallId, DestinationId, SessionId, TrunkId},
    quality::QualityGrade,
    trunk::SipFailure,
};
use bellpush_store::{Call, CallState, FoundCall};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::calls::quality::CallQuality;

/// A call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallView {
    /// Its id.
    #[schema(value_type = String)]
    id: CallId,
    /// Its widget session.
    #[schema(value_type = String)]
    session_id: SessionId,
    /// The profile asked for; `null` for the default one.
    #[schema(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
    /// The profile that was called first.
    #[schema(value_type = String)]
    profile_id: DestinationId,
    /// The session's routing key.
    routing_key: Option<String>,
    /// What the form before the call held.
    #[schema(value_type = Option<Object>)]
    form_values: Option<Map<String, Value>>,
    /// What the visitor consented to before it.
    consent: Option<ConsentRecord>,
    /// `live`, `ended` or `error`.
    state: &'static str,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    started_at: EventTime,
    /// When both sides heard each other first; known once the call is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    connected_at: Option<EventTime>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<EventTime>,
    /// Seconds between, for a call that ended cleanly.
    duration: Option<u64>,
    /// Who hung up: `user_hangup` or `remote_hangup`.
    #[schema(value_type = Option<String>)]
    reason: Option<EndReason>,
    /// Why it failed.
    #[schema(value_type = Option<String>)]
    error_code: Option<ErrorCode>,
    /// The profile that took the call, maybe after an overflow; known once the call is over.
    #[schema(value_type = Option<String>)]
    answered_by: Option<DestinationId>,
    /// The trunk that it was reached by; `null` for the demo.
    #[schema(value_type = Option<String>)]
    trunk_id: Option<TrunkId>,
    /// The Call-ID of the call on that trunk.
    sip_call_id: Option<String>,
    /// What the phone system said to it, of a call by a trunk that nobody took; known once the call is
    /// over.
    sip_failure: Option<SipFailure>,
    /// How it sounded, of calls that went by a trunk, and what did not go well at the visitor's side;
    /// known once the call is over.
    #[schema(value_type = Option<CallQuality>)]
    quality: Option<Value>,
    /// The same in a word.
    quality_grade: Option<QualityGrade>,
}

impl From<Call> for CallView {
    fn from(call: Call) -> Self {
        let (state, ended_at, duration, reason, error_code) = match call.state {
            CallState::Live => ("live", None, None, None, None),
            CallState::Ended { at, reason, duration } => {
                ("ended", Some(at), Some(duration), Some(reason), None)
            }
            CallState::Failed { at, code } => ("error", Some(at), None, None, Some(code)),
        };
        let (answered_by, dialog) = call.answered_by.map(|by| (by.profile_id, by.dialog)).unzip();
        let (trunk_id, sip_call_id) =
            dialog.flatten().map(|dialog| (dialog.trunk_id, dialog.call_id)).unzip();
        Self {
            id: call.id,
            session_id: call.session_id,
            destination_id: call.destination_id,
            profile_id: call.profile_id,
            routing_key: call.routing_key,
            form_values: call.form_values,
            consent: call.consent,
            state,
            started_at: call.started_at,
            connected_at: call.connected_at,
            ended_at,
            duration,
            reason,
            error_code,
            answered_by,
            trunk_id,
            sip_call_id,
            sip_failure: call.sip_failure,
            quality: call.quality,
            quality_grade: call.quality_grade,
        }
    }
}

/// A call with what is known of its visitor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallDetails {
    #[serde(flatten)]
    call: CallView,
    /// Its session's context.
    #[schema(value_type = BTreeMap<String, String>)]
    context: Context,
    /// Whether it comes from a preview.
    preview: bool,
    /// The mean of the survey's ratings as a whole number of stars, 1 to 5.
    #[schema(minimum = 0, maximum = 5)]
    rating: Option<u8>,
    /// The answers to the survey, if it was submitted.
    survey: Option<Answers>,
}

impl From<FoundCall> for CallDetails {
    fn from(found: FoundCall) -> Self {
        let FoundCall { call, context, preview, survey } = found;
        let rating = survey.as_ref().map(Answers::stars);
        Self { call: call.into(), context, preview, rating, survey }
    }
}
