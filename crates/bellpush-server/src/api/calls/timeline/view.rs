//! A timeline, as it is shown.

use bellpush_core::{
    app::Answers,
    call_notice::CallNotice,
    delivery::{DeliveryStatus, FailureClass},
    design::ConsentRecord,
    events::EventTime,
    ids::{CallbackId, DestinationId, EventId, IntegrationId, TrunkId},
    lifecycle::Phase,
    quality::{CallSide, QualitySample, Trouble},
    record::{SipCarrier, SipMessage, TakenOver},
    submission::CallbackReason,
    trunk::SipFailure,
};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;

use crate::api::calls::CallDetails;

/// All that is known of a call, in the order in which it happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timeline {
    /// The call.
    pub(super) call: CallDetails,
    /// What happened, in its order.
    pub(super) items: Vec<TimelineItem>,
    /// How both sides were received, every few seconds, in the order in which that was measured.
    pub(super) quality: Vec<SampleView>,
    /// What there is of its record.
    pub(super) recorded: RecordState,
}

/// What there is of a call's record: its SIP messages, its quality, and the order in which the server
/// saw it. Without one, a timeline holds what the call and its events tell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordState {
    /// Whether there is one.
    pub(super) kept: bool,
    /// How many messages and samples found no room in it.
    pub(super) dropped: u64,
    /// When it goes.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) until: Option<EventTime>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimelineItem {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: EventTime,
    /// The same in microseconds since 1970.
    pub(super) at_micros: i64,
    /// Its place in the order of the process that saw it; `null` of what was placed by its time.
    pub(super) seq: Option<u64>,
    /// What.
    pub(super) what: Happening,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Happening {
    /// The visitor consented before the call.
    Consent {
        /** To what. */
        consent: ConsentRecord,
    },
    /// The visitor had filled in the form before the call.
    Form {
        /** What. */
        #[schema(value_type = Object)]
        values: Map<String, Value>,
    },
    /// The call went on to another phase.
    Phase {
        /** Which: `connecting`, `ringing`, `connected` or `reconnecting`. */
        #[schema(value_type = String)]
        phase: Phase,
    },
    /// The far side put the visitor on hold, or took the call up again.
    Hold {
        /** Whether it is held from then on. */
        held: bool,
    },
    /// The far side let the visitor know something.
    Notice {
        /** What. */
        notice: CallNotice,
    },
    /// Somebody took the call.
    #[serde(rename_all = "camelCase")]
    Answered {
        /** The profile. */
        #[schema(value_type = String)]
        profile_id: DestinationId,
        /** The trunk; `null` for the demo. */
        #[schema(value_type = Option<String>)]
        trunk_id: Option<TrunkId>,
    },
    /// Another server took the call over.
    TakenOver(TakenOver),
    /// A phone system did not take the call.
    Rejected {
        /** What it said. */
        failure: SipFailure,
    },
    /// The widget noticed that something does not go well, or goes well again.
    Warning {
        /** Which one. */
        warning: String,
        /** Whether it began or ended. */
        raised: bool,
    },
    /// An event.
    Event {
        /** Its id. */
        #[schema(value_type = String)]
        id: EventId,
        /** Its name. */
        name: String,
        /** The envelope, as every receiver gets it. */
        #[schema(value_type = Object)]
        event: Box<RawValue>,
    },
    /// A SIP message went out or came in.
    Sip(Box<SipView>),
    /// Something was wrong with how a side was received, for a while.
    Quality {
        /** Which side. */
        side: CallSide,
        /** What. */
        trouble: Trouble,
        /** When it was over, or the call was. */
        #[schema(value_type = String, format = DateTime)]
        until: EventTime,
        /** Percent lost, or milliseconds at the worst; 0 for silence. */
        value: f64,
        /** The same in words. */
        text: String,
    },
    /// An event was to be delivered to an integration.
    #[serde(rename_all = "camelCase")]
    Delivery {
        /** The integration. */
        #[schema(value_type = String)]
        integration_id: IntegrationId,
        /** Its name. */
        integration_name: String,
        /** The event. */
        #[schema(value_type = String)]
        event_id: EventId,
        /** Where it stands now. */
        status: DeliveryStatus,
        /** Attempts so far. */
        attempts: u32,
    },
    /// An attempt to deliver an event.
    #[serde(rename_all = "camelCase")]
    Attempt {
        /** The integration. */
        #[schema(value_type = String)]
        integration_id: IntegrationId,
        /** The event. */
        #[schema(value_type = String)]
        event_id: EventId,
        /** Which attempt, from 1. */
        number: u32,
        /** How long it took, in milliseconds. */
        duration_ms: u32,
        /** The answer's status, if there was an answer. */
        status: Option<u16>,
        /** Why it failed; `null` for a success. */
        failure: Option<FailureClass>,
        /** What the endpoint or the transport said. */
        detail: String,
    },
    /// The visitor submitted the survey.
    Survey {
        /** What was answered. */
        survey: Answers,
    },
    /// The visitor asked to be called back in its place.
    Callback {
        /** The request. */
        #[schema(value_type = String)]
        id: CallbackId,
        /** Why. */
        reason: CallbackReason,
    },
}

/// A SIP message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SipView {
    /// Whether the server sent it; else it received it.
    sent: bool,
    /// How it travelled.
    transport: SipCarrier,
    /// The server's address and port.
    local: String,
    /// The other one's.
    remote: String,
    /// What its arrow is called: `INVITE`, `180 Ringing`.
    label: String,
    /// The status of a response.
    status: Option<u16>,
    /// What class it is of.
    class: SipClass,
    /// Its Call-ID: a call that overflows has several.
    sip_call_id: String,
    /// Its CSeq: which response belongs to which request.
    cseq: String,
    /// The message as it was sent; passwords, keys and pressed keys are masked.
    text: String,
}

/// What a SIP message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SipClass {
    /// A request.
    Request,
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx.
    Redirect,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
    /// 6xx.
    GlobalError,
}

impl From<SipMessage> for SipView {
    fn from(message: SipMessage) -> Self {
        let status = message.status();
        let class = match status {
            None => SipClass::Request,
            Some(..=199) => SipClass::Provisional,
            Some(..=299) => SipClass::Success,
            Some(..=399) => SipClass::Redirect,
            Some(..=499) => SipClass::ClientError,
            Some(..=599) => SipClass::ServerError,
            Some(_) => SipClass::GlobalError,
        };
        let header = |name: &str| message.header(name).unwrap_or_default().to_owned();
        Self {
            sent: message.sent,
            transport: message.transport,
            local: message.local.to_string(),
            remote: message.remote.to_string(),
            label: message.label().to_owned(),
            status,
            class,
            sip_call_id: call_id(&message).to_owned(),
            cseq: header("cseq"),
            text: message.text,
        }
    }
}

/// Its Call-ID, also by its short name (RFC 3261 section 7.3.3).
fn call_id(message: &SipMessage) -> &str {
    message.header("call-id").or_else(|| message.header("i")).unwrap_or_default()
}

/// How one side was received in a few seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SampleView {
    /// When it was measured: the end of these seconds.
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: EventTime,
    #[serde(flatten)]
    pub(super) sample: QualitySample,
}
