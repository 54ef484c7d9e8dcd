//! The states and the transitions between them, as data.

use serde::{Deserialize, Serialize};

use crate::events::EventName;

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// What the visitor sees.
    State {
        /// Ready for a call.
        Idle = "idle",
        /// Outside business hours: no call can be made.
        Closed = "closed",
        /// A call is being made or is live.
        Calling = "calling",
        /// The call was ended cleanly.
        Ended = "ended",
        /// The survey is shown.
        Survey = "survey",
        /// The survey was submitted.
        SurveySubmitted = "survey_submitted",
        /// The call failed.
        Error = "error",
    }
}

names! {
    /// The parts of `calling`, for the interface; they fire no event.
    Phase {
        /// The browser asks for the microphone.
        Requesting = "requesting",
        /// Offer and answer are exchanged and the media connects.
        Connecting = "connecting",
        /// The far side rings.
        Ringing = "ringing",
        /// Both sides hear each other.
        Connected = "connected",
        /// The media is interrupted and may come back.
        Reconnecting = "reconnecting",
    }
}

names! {
    /// What moves the widget from one state to another.
    Trigger {
        /// The visitor taps the call button.
        Tap = "tap",
        /// One side hangs up.
        HangUp = "hang_up",
        /// The call fails.
        Fail = "fail",
        /// The visitor gives the call up before the server has accepted it.
        Cancel = "cancel",
        /// The widget of the next page takes a live call up.
        Resume = "resume",
        /// The survey is shown.
        OpenSurvey = "open_survey",
        /// The survey is submitted.
        SubmitSurvey = "submit_survey",
        /// The visitor starts over.
        StartOver = "start_over",
        /// Business hours end.
        Close = "close",
        /// Business hours begin.
        Open = "open",
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// From which state.
    pub from: State,
    /// By what.
    pub trigger: Trigger,
    /// To which state.
    pub to: State,
    /// The catalogue event that it fires. That of the tap fires when the server has accepted the
    /// request, all others at once.
    pub event: Option<EventName>,
}

const fn row(from: State, trigger: Trigger, to: State, event: Option<EventName>) -> Transition {
    Transition { from, trigger, to, event }
}

/// Every transition that exists.
pub const TRANSITIONS: &[Transition] = &[
    row(State::Idle, Trigger::Tap, State::Calling, Some(EventName::CallStarted)),
    row(State::Calling, Trigger::HangUp, State::Ended, Some(EventName::CallEnded)),
    row(State::Calling, Trigger::Fail, State::Error, Some(EventName::CallError)),
    row(State::Calling, Trigger::Cancel, State::Idle, None),
    row(State::Idle, Trigger::Resume, State::Calling, None),
    row(State::Closed, Trigger::Resume, State::Calling, None),
    row(State::Ended, Trigger::OpenSurvey, State::Survey, None),
    row(
        State::Survey,
        Trigger::SubmitSurvey,
        State::SurveySubmitted,
        Some(EventName::SurveySubmitted),
    ),
    row(State::Ended, Trigger::StartOver, State::Idle, None),
    row(State::Survey, Trigger::StartOver, State::Idle, None),
    row(State::Error, Trigger::StartOver, State::Idle, None),
    row(State::SurveySubmitted, Trigger::StartOver, State::Idle, None),
    row(State::Idle, Trigger::Close, State::Closed, None),
    row(State::Closed, Trigger::Open, State::Idle, None),
];

impl Transition {
    /// The row for a state and a trigger, if there is one.
    #[must_use]
    pub fn find(from: State, trigger: Trigger) -> Option<&'static Self> {
        TRANSITIONS.iter().find(|row| row.from == from && row.trigger == trigger)
    }
}
