//! The catalogue: six life-cycle events, their names and their fields.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Envelope, ErrorCode, EventTime};
use crate::{context::Context, ids::DestinationId};

/// The name of a catalogue event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventName {
    /// Once per widget load, after the first render.
    WidgetLoaded,
    /// The visitor tapped call and the request was accepted.
    CallStarted,
    /// The call was terminated cleanly.
    CallEnded,
    /// The call failed to start, or dropped because of media or network.
    CallError,
    /// The visitor completed the survey after a call.
    SurveySubmitted,
    /// A custom button was used.
    CustomButtonClicked,
}

/// One field of an event's `data`.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The field's name.
    pub name: &'static str,
    /// Its type, in TypeScript's notation.
    pub kind: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// Every catalogue event with when it happens and the fields of its `data` besides `context`.
/// Documentation and TypeScript types are generated from this table.
pub const CATALOGUE: &[(EventName, &str, &[Field])] = &[
    (
        EventName::WidgetLoaded,
        "once per widget load, after the first render",
        &[Field {
            name: "isPreview",
            kind: "boolean",
            meaning: "true inside a preview, false in production",
        }],
    ),
    (
        EventName::CallStarted,
        "the visitor tapped call and the outbound request was accepted",
        &[
            Field {
                name: "destinationId",
                kind: "string | null",
                meaning: "the profile that was asked for; null for the default profile",
            },
            Field {
                name: "routingKey",
                kind: "string | null",
                meaning: "the routing key of the session",
            },
            Field {
                name: "hasFormValues",
                kind: "boolean",
                meaning: "whether the form before the call was used",
            },
        ],
    ),
    (
        EventName::CallEnded,
        "the call was terminated cleanly",
        &[
            Field {
                name: "duration",
                kind: "number",
                meaning: "whole seconds since call_started, rounded down",
            },
            Field {
                name: "reason",
                kind: "EndReason",
                meaning: "who hung up: user_hangup, or remote_hangup (agent, IVR or queue)",
            },
        ],
    ),
    (
        EventName::CallError,
        "the call failed to start, or dropped because of media or network",
        &[
            Field { name: "errorCode", kind: "ErrorCode", meaning: "machine-readable reason" },
            Field { name: "errorMessage", kind: "string", meaning: "the reason for people" },
        ],
    ),
    (
        EventName::SurveySubmitted,
        "the visitor completed the post-call survey",
        &[
            Field {
                name: "rating",
                kind: "number",
                meaning: "mean of the visitor's answers, 1 to 5, rounded to two decimals",
            },
            Field {
                name: "answerCount",
                kind: "number",
                meaning: "how many questions were answered",
            },
            Field { name: "hasComment", kind: "boolean", meaning: "whether a comment was left" },
        ],
    ),
    (
        EventName::CustomButtonClicked,
        "a custom button was used",
        &[
            Field { name: "label", kind: "string", meaning: "the button's label, as configured" },
            Field { name: "action", kind: "ButtonAction", meaning: "what the button does" },
        ],
    ),
];

impl EventName {
    /// The name as it is written in the envelope.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WidgetLoaded => "widget_loaded",
            Self::CallStarted => "call_started",
            Self::CallEnded => "call_ended",
            Self::CallError => "call_error",
            Self::SurveySubmitted => "survey_submitted",
            Self::CustomButtonClicked => "custom_button_clicked",
        }
    }

    /// Whether it ends a call.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::CallEnded | Self::CallError)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a catalogue event")]
pub struct NotInCatalogue(String);

impl FromStr for EventName {
    type Err = NotInCatalogue;

    fn from_str(text: &str) -> Result<Self, NotInCatalogue> {
        CATALOGUE
            .iter()
            .map(|(name, _, _)| *name)
            .find(|name| name.as_str() == text)
            .ok_or_else(|| NotInCatalogue(text.chars().take(64).collect()))
    }
}

/// Who ended a call cleanly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The visitor.
    UserHangup,
    /// The far side: agent, IVR or queue.
    RemoteHangup,
}

impl EndReason {
    /// The reason as it is written in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserHangup => "user_hangup",
            Self::RemoteHangup => "remote_hangup",
        }
    }
}

/// What a button does, as events name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ButtonAction {
    /// Opens an address in a new tab.
    Link,
    /// Copies a text.
    Copy,
    /// Dials by the device's own phone.
    CallPhone,
    /// Begins an e-mail.
    Email,
    /// Emits a custom event.
    Emit,
}

impl ButtonAction {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Link, Self::Copy, Self::CallPhone, Self::Email, Self::Emit];

    /// The action as it is written in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Copy => "copy",
            Self::CallPhone => "call_phone",
            Self::Email => "email",
            Self::Emit => "emit",
        }
    }
}

/// What an event says of a survey; the answers themselves stay on the server.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SurveySummary {
    /// Mean of the answers, 1 to 5, rounded to two decimals.
    pub rating: f64,
    /// How many questions were answered, at least 1.
    pub answer_count: u32,
    /// Whether a comment was left.
    pub has_comment: bool,
}

/// A catalogue event with its own fields.
#[derive(Debug, Clone, PartialEq)]
pub enum CatalogueEvent {
    /// See [`EventName::WidgetLoaded`].
    WidgetLoaded {
        /// True inside a preview.
        is_preview: bool,
    },
    /// See [`EventName::CallStarted`].
    CallStarted {
        /// The profile asked for; `None` for the default profile.
        destination_id: Option<DestinationId>,
        /// The session's routing key.
        routing_key: Option<String>,
        /// Whether the form before the call was used.
        has_form_values: bool,
    },
    /// See [`EventName::CallEnded`].
    CallEnded {
        /// Seconds since `call_started`, rounded down; 0 for a call ended within the first second.
        duration: u64,
        /// Who hung up.
        reason: EndReason,
    },
    /// See [`EventName::CallError`].
    CallError {
        /// Why.
        code: ErrorCode,
    },
    /// See [`EventName::SurveySubmitted`].
    SurveySubmitted(SurveySummary),
    /// See [`EventName::CustomButtonClicked`].
    CustomButtonClicked {
        /// The button's label.
        label: String,
        /// What the button does.
        action: ButtonAction,
    },
}

impl CatalogueEvent {
    /// The event's name.
    #[must_use]
    pub const fn name(&self) -> EventName {
        match self {
            Self::WidgetLoaded { .. } => EventName::WidgetLoaded,
            Self::CallStarted { .. } => EventName::CallStarted,
            Self::CallEnded { .. } => EventName::CallEnded,
            Self::CallError { .. } => EventName::CallError,
            Self::SurveySubmitted(_) => EventName::SurveySubmitted,
            Self::CustomButtonClicked { .. } => EventName::CustomButtonClicked,
        }
    }

    /// The envelope: own fields, context and time. Every event of a preview says so by
    /// `isPreview`; outside a preview only `widget_loaded` has that field.
    #[must_use]
    pub fn envelope(&self, context: &Context, preview: bool, at: EventTime) -> Envelope {
        let mut data = self.fields();
        data.insert("context".into(), context.to_json());
        if preview {
            data.insert("isPreview".into(), true.into());
        }
        Envelope { name: self.name().as_str().into(), data, timestamp: at }
    }

    fn fields(&self) -> Map<String, Value> {
        let fields = match self {
            Self::WidgetLoaded { is_preview } => json!({ "isPreview": is_preview }),
            Self::CallStarted { destination_id, routing_key, has_form_values } => json!({
                "destinationId": destination_id,
                "routingKey": routing_key,
                "hasFormValues": has_form_values,
            }),
            Self::CallEnded { duration, reason } => {
                json!({ "duration": duration, "reason": reason })
            }
            Self::CallError { code } => {
                json!({ "errorCode": code, "errorMessage": code.message() })
            }
            Self::SurveySubmitted(summary) => json!(summary),
            Self::CustomButtonClicked { label, action } => {
                json!({ "label": label, "action": action })
            }
        };
        match fields {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_exactly_the_fields_of_the_catalogue_and_the_context() {
        let context = Context::new([("orderId", "A-12345")]).unwrap();
        let at = EventTime::from_millis(1_700_000_000_123).unwrap();
        let events = [
            CatalogueEvent::WidgetLoaded { is_preview: false },
            CatalogueEvent::CallStarted {
                destination_id: None,
                routing_key: Some("vip".into()),
                has_form_values: false,
            },
            CatalogueEvent::CallEnded { duration: 3, reason: EndReason::RemoteHangup },
            CatalogueEvent::CallError { code: ErrorCode::MediaFailed },
            CatalogueEvent::SurveySubmitted(SurveySummary {
                rating: 4.5,
                answer_count: 2,
                has_comment: true,
            }),
            CatalogueEvent::CustomButtonClicked {
                label: "Our shop".into(),
                action: ButtonAction::Link,
            },
        ];
        for (event, (name, _, fields)) in events.iter().zip(CATALOGUE) {
            assert_eq!(event.name(), *name);
            let envelope = event.envelope(&context, false, at);
            let mut expected: Vec<_> = fields.iter().map(|field| field.name).collect();
            expected.push("context");
            expected.sort_unstable();
            let mut found: Vec<_> = envelope.data.keys().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{name}");
            assert_eq!(envelope.data["context"], json!({ "orderId": "A-12345" }));
            let preview = event.envelope(&context, true, at);
            assert_eq!(preview.data["isPreview"], json!(true), "{name}");
        }
    }

    #[test]
    fn names_read_back() {
        for (name, _, _) in CATALOGUE {
            assert_eq!(name.as_str().parse(), Ok(*name));
        }
        assert!("page_loaded".parse::<EventName>().is_err());
    }
}
