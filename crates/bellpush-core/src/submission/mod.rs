//! What a widget may send: the events it owns, checked against its session.
//!
//! The server decides `call_started` and every end of an accepted call, so a widget that sends one
//! of them is refused. It may report by `call_error` that a call failed before it was accepted.

mod callback;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use callback::{CallbackReason, callback_envelope};

use crate::{
    app::{Answers, AnswersError},
    context::Context,
    events::{
        ButtonAction, CUSTOM_NAME_PATTERN, Envelope, ErrorCode, EventName, MAX_CUSTOM_DATA_BYTES,
        SurveySummary, is_custom_name, is_server_name,
    },
    ids::{CallId, EventId},
};

/// How old a submitted event may be: a page may retry for long, but not for ever.
const MAX_AGE_MS: i64 = 24 * 60 * 60 * 1000;
/// How far the browser's corrected clock may be ahead.
const MAX_AHEAD_MS: i64 = 60 * 1000;
/// How far the time in an event's id may be from its timestamp: both are read from one clock, which may be put
/// right in between. By the id it is found, and kept for its time.
const MAX_ID_OFF_MS: i64 = 24 * 60 * 60 * 1000;
/// Characters of a button's label, at most.
const MAX_LABEL_CHARS: usize = 100;

/// An event as a widget sends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Submission {
    /// Made by the widget, at the time of the event; a repeated id is accepted and changes nothing.
    pub id: EventId,
    /// The call it belongs to; needed for `survey_submitted`.
    #[serde(default)]
    pub call_id: Option<CallId>,
    /// The envelope.
    pub event: Envelope,
    /// The answers behind `survey_submitted`. They are kept, but not put into the event.
    #[serde(default)]
    pub survey: Option<Answers>,
}

/// What the server knows of the session that a submission comes from.
#[derive(Debug, Clone, Copy)]
pub struct SessionFacts<'a> {
    /// The session's context.
    pub context: &'a Context,
    /// Whether the session is a preview.
    pub preview: bool,
    /// Milliseconds since the Unix epoch, by the server's clock.
    pub now_ms: i64,
}

/// An accepted submission, by kind.
#[derive(Debug, Clone, PartialEq)]
pub enum SubmittedEvent {
    /// `widget_loaded`.
    WidgetLoaded,
    /// `call_error` of a call that was never accepted.
    CallNotStarted(ErrorCode),
    /// `survey_submitted` with the answers to keep.
    Survey {
        /// The call it is about.
        call_id: CallId,
        /// What was answered.
        answers: Answers,
    },
    /// `custom_button_clicked`.
    ButtonClicked,
    /// A custom event.
    Custom,
}

/// Why a submission was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionError {
    /// Neither in the catalogue nor a name for a custom event.
    #[error(
        "{0:?} is neither a catalogue event nor a name for a custom event ({CUSTOM_NAME_PATTERN})"
    )]
    Name(String),
    /// One that the server alone decides.
    #[error("{0} is decided by the server; a widget can't send it")]
    ServerDecides(EventName),
    /// A custom event that the server alone makes.
    #[error("the server alone makes this event; a widget can't send it")]
    Reserved,
    /// Fields that are not those of the catalogue.
    #[error("the data of {name} is not as the catalogue says: {detail}")]
    Data {
        /// Whose data.
        name: EventName,
        /// What is off.
        detail: String,
    },
    /// Another context than the session's.
    #[error("data.context differs from the session's context")]
    Context,
    /// `isPreview` that contradicts the session.
    #[error("data.isPreview contradicts the session")]
    Preview,
    /// Over [`MAX_CUSTOM_DATA_BYTES`].
    #[error("the data of a custom event has at most {MAX_CUSTOM_DATA_BYTES} bytes")]
    TooLarge,
    /// Too old, or in the future.
    #[error("the timestamp is more than a day old or more than a minute ahead")]
    Timestamp,
    /// An id of another time.
    #[error("the id, a UUIDv7, is of a time more than a day from the timestamp")]
    Id,
    /// A survey without its call or its answers, or answers with another event.
    #[error("survey_submitted, and no other event, needs callId and survey")]
    Survey,
    /// Answers outside the rules.
    #[error(transparent)]
    Answers(#[from] AnswersError),
    /// A summary that does not follow from the answers.
    #[error("rating, answerCount and hasComment do not follow from the answers")]
    Summary,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WidgetLoadedData {
    is_preview: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CallErrorData {
    error_code: ErrorCode,
    error_message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ButtonClickedData {
    label: String,
    #[serde(rename = "action")]
    _action: ButtonAction,
}

impl Submission {
    /// Checks the submission against the catalogue and its session.
    ///
    /// # Errors
    /// The first rule broken; nothing of a refused submission is kept.
    pub fn accept(&self, session: SessionFacts<'_>) -> Result<SubmittedEvent, SubmissionError> {
        let at = self.event.timestamp.millis();
        if at < session.now_ms - MAX_AGE_MS || at > session.now_ms + MAX_AHEAD_MS {
            return Err(SubmissionError::Timestamp);
        }
        if at.abs_diff(self.id.made_at_millis()) > MAX_ID_OFF_MS.unsigned_abs() {
            return Err(SubmissionError::Id);
        }
        let mut own = self.event.data.clone();
        if own.remove("context") != Some(session.context.to_json()) {
            return Err(SubmissionError::Context);
        }
        let Ok(name) = self.event.name.parse::<EventName>() else {
            return self.accept_custom(own, session);
        };
        if name != EventName::WidgetLoaded {
            take_preview_mark(&mut own, session)?;
        }
        if (name == EventName::SurveySubmitted) != self.survey.is_some() {
            return Err(SubmissionError::Survey);
        }
        match name {
            EventName::CallStarted | EventName::CallEnded => {
                Err(SubmissionError::ServerDecides(name))
            }
            EventName::WidgetLoaded => {
                let WidgetLoadedData { is_preview } = read(name, own)?;
                if is_preview != session.preview {
                    return Err(SubmissionError::Preview);
                }
                Ok(SubmittedEvent::WidgetLoaded)
            }
            EventName::CallError => {
                let CallErrorData { error_code, error_message } = read(name, own)?;
                if self.call_id.is_some() || !error_code.reported_by_widget() {
                    return Err(SubmissionError::ServerDecides(name));
                }
                if error_message != error_code.message() {
                    let detail = format!("errorMessage is not {:?}", error_code.message());
                    return Err(SubmissionError::Data { name, detail });
                }
                Ok(SubmittedEvent::CallNotStarted(error_code))
            }
            EventName::SurveySubmitted => {
                let claimed: SurveySummary = read(name, own)?;
                let (Some(call_id), Some(answers)) = (self.call_id, &self.survey) else {
                    return Err(SubmissionError::Survey);
                };
                if answers.summary()? != claimed {
                    return Err(SubmissionError::Summary);
                }
                Ok(SubmittedEvent::Survey { call_id, answers: answers.clone() })
            }
            EventName::CustomButtonClicked => {
                let ButtonClickedData { label, _action } = read(name, own)?;
                if label.is_empty() || label.chars().count() > MAX_LABEL_CHARS {
                    let detail = format!("a label has 1 to {MAX_LABEL_CHARS} characters");
                    return Err(SubmissionError::Data { name, detail });
                }
                Ok(SubmittedEvent::ButtonClicked)
            }
        }
    }

    fn accept_custom(
        &self,
        mut own: Map<String, Value>,
        session: SessionFacts<'_>,
    ) -> Result<SubmittedEvent, SubmissionError> {
        if is_server_name(&self.event.name) {
            return Err(SubmissionError::Reserved);
        }
        if !is_custom_name(&self.event.name) {
            return Err(SubmissionError::Name(self.event.name.chars().take(64).collect()));
        }
        if self.survey.is_some() {
            return Err(SubmissionError::Survey);
        }
        take_preview_mark(&mut own, session)?;
        match serde_json::to_string(&own) {
            Ok(text) if text.len() <= MAX_CUSTOM_DATA_BYTES => Ok(SubmittedEvent::Custom),
            _ => Err(SubmissionError::TooLarge),
        }
    }
}

/// In a preview every event says so; outside none may.
fn take_preview_mark(
    own: &mut Map<String, Value>,
    session: SessionFacts<'_>,
) -> Result<(), SubmissionError> {
    match (own.remove("isPreview"), session.preview) {
        (None, false) => Ok(()),
        (Some(Value::Bool(true)), true) => Ok(()),
        _ => Err(SubmissionError::Preview),
    }
}

fn read<'de, T: Deserialize<'de>>(
    name: EventName,
    own: Map<String, Value>,
) -> Result<T, SubmissionError> {
    T::deserialize(Value::Object(own))
        .map_err(|error| SubmissionError::Data { name, detail: error.to_string() })
}

#[cfg(test)]
mod tests;
