//! What is appended to the event log, and what comes back.

use std::sync::Arc;

use bellpush_core::{
    analytics::NetworkKind,
    app::Answers,
    delivery::Seq,
    design::ConsentRecord,
    events::{EndReason, ErrorCode, Event, EventTime},
    ids::{CallId, CallbackId, DestinationId, NodeId},
    quality::QualityGrade,
    routing::AnsweredBy,
    submission::CallbackReason,
    trunk::SipFailure,
};
use serde_json::{Map, Value};

use crate::{access::SecretHash, error::StoreError};

/// One event for the log, with what it changes beside it. App, session and call are the event's.
#[derive(Debug, Clone)]
pub enum Append {
    /// An event that changes nothing else.
    Event(Event),
    /// `call_started`: the call comes to be, live since the event's timestamp.
    CallStarted {
        /// The event; it names the call.
        event: Event,
        /// The rest of the call.
        call: NewCall,
    },
    /// `call_ended` or `call_error` of an accepted call: the call is over as of the event's
    /// timestamp.
    CallEnded {
        /// The event; it names the call.
        event: Event,
        /// How it ended.
        finish: CallFinish,
        /// The node that the call lives on, as far as whoever ends it knows: no other may.
        node_id: NodeId,
    },
    /// `survey_submitted`, for a call that ended cleanly.
    Survey {
        /// The event; it names the call.
        event: Event,
        /// What was answered.
        answers: Answers,
    },
    /// `callback_requested`: a visitor asked to be called back.
    CallbackRequested {
        /// The event; it names no call.
        event: Event,
        /// The rest of the request.
        request: NewCallback,
    },
}

impl Append {
    /// The event.
    #[must_use]
    pub const fn event(&self) -> &Event {
        match self {
            Self::Event(event)
            | Self::CallStarted { event, .. }
            | Self::CallEnded { event, .. }
            | Self::Survey { event, .. }
            | Self::CallbackRequested { event, .. } => event,
        }
    }

    pub(super) fn into_event(self) -> Event {
        match self {
            Self::Event(event)
            | Self::CallStarted { event, .. }
            | Self::CallEnded { event, .. }
            | Self::Survey { event, .. }
            | Self::CallbackRequested { event, .. } => event,
        }
    }
}

/// What the log is told of a new call besides its event.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// The profile asked for; `None` for the default one.
    pub destination_id: Option<DestinationId>,
    /// The profile that was chosen.
    pub profile_id: DestinationId,
    /// The session's routing key.
    pub routing_key: Option<String>,
    /// The node that the call lives on.
    pub node_id: NodeId,
    /// How many live calls its app may have with it, at all servers that share a PostgreSQL database.
    pub app_limit: Option<u32>,
    /// The hash of the token that takes it up.
    pub resume: SecretHash,
    /// What the form before the call held, if it was used.
    pub form_values: Option<Map<String, Value>>,
    /// What the visitor consented to before the call.
    pub consent: Option<ConsentRecord>,
}

/// What the log is told of a call-back request besides its event.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCallback {
    /// Its id.
    pub id: CallbackId,
    /// The call that it is asked for in place of, if there was one.
    pub call_id: Option<CallId>,
    /// Why.
    pub reason: CallbackReason,
    /// What the visitor filled in.
    pub form_values: Map<String, Value>,
}

/// What the log is told of a call's end besides its event.
#[derive(Debug, Clone, PartialEq)]
pub struct CallFinish {
    /// How it ended.
    pub end: CallEnd,
    /// When both sides heard each other first, if they did.
    pub connected_at: Option<EventTime>,
    /// Who took the call, if anybody did.
    pub answered_by: Option<AnsweredBy>,
    /// How it sounded, as the caller describes it, if that is known.
    pub quality: Option<Value>,
    /// The same in a word.
    pub quality_grade: Option<QualityGrade>,
    /// What the phone system said to it, if nobody took it.
    pub sip_failure: Option<SipFailure>,
    /// How its media went, if it did.
    pub network: Option<NetworkKind>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// Cleanly.
    Ended {
        /// Who hung up.
        reason: EndReason,
        /// Seconds since `call_started`.
        duration: u64,
    },
    /// By an error.
    Failed {
        /// Which.
        code: ErrorCode,
    },
}

impl From<CallEnd> for CallFinish {
    /// Of a call of which nothing more is known.
    fn from(end: CallEnd) -> Self {
        Self {
            end,
            connected_at: None,
            answered_by: None,
            quality: None,
            quality_grade: None,
            sip_failure: None,
            network: None,
        }
    }
}

/// Proof that an event is on disk. Only the log makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended {
    pub(super) seq: Seq,
    pub(super) event: Event,
    pub(super) repeated: bool,
}

impl Appended {
    /// The event's place in the log.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// The event, as it was given.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// Takes the event out.
    #[must_use]
    pub fn into_event(self) -> Event {
        self.event
    }

    /// Whether the id was in the log before, so that nothing changed.
    #[must_use]
    pub const fn is_repeated(&self) -> bool {
        self.repeated
    }
}

/// Why a request's events are not in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// More is waiting than the log takes; try again shortly.
    #[error("the event log has more to write than it can take; try again in a moment")]
    Overloaded,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// One event broke a rule; none of the request is kept.
    #[error("event {index} of the request was refused: {reason}")]
    Refused {
        /** Its place in the request, from 0. */
        index: usize,
        /** Which rule. */
        reason: Refusal,
    },
    /// The database failed. Whether the events are in the log is then known only by sending them
    /// again, which is safe.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

/// The rule that an event broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The event's app does not exist.
    #[error("there is no such app")]
    UnknownApp,
    /// Another app has an event with this id.
    #[error("the event's id is taken")]
    IdTaken,
    /// The event names no call, or its name does not fit what it is to do.
    #[error("the event and what it is to change do not fit together")]
    Mismatch,
    /// There is no such call in the event's app and session.
    #[error("there is no such call")]
    UnknownCall,
    /// The call has started before.
    #[error("the call has started before")]
    AlreadyStarted,
    /// The app has as many live calls as the new one says that it may have.
    #[error("the app has as many live calls as it may have")]
    TooManyCalls,
    /// The call is over.
    #[error("the call is over")]
    AlreadyEnded,
    /// The call lives on another node, which alone may end it.
    #[error("the call lives on another server")]
    LivesElsewhere,
    /// A survey of a call that did not end cleanly, or is still live.
    #[error("a survey belongs to a call that has ended cleanly")]
    NotEnded,
    /// The call has its survey.
    #[error("the survey of this call was submitted before")]
    SurveyTwice,
}
