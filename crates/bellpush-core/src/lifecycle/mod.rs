//! The life cycle of the widget and its call: one table, and the machine that follows it.
//!
//! The table is data ([`TRANSITIONS`]); the machine, the TypeScript types and the documentation all
//! come from it. The machine takes the time as an argument and returns the catalogue event of the
//! transition, if it has one (docs/events.md).

mod table;

use serde::{Deserialize, Serialize};

use crate::{
    events::{CatalogueEvent, EndReason, ErrorCode, EventTime, SurveySummary},
    ids::DestinationId,
};
pub use table::{Phase, State, TRANSITIONS, Transition, Trigger};

/// What happens to a call or to its widget.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The visitor taps the call button.
    Tap,
    /// The server accepts the call request.
    Accept {
        /// The profile asked for; `None` for the default profile.
        destination_id: Option<DestinationId>,
        /// The session's routing key.
        routing_key: Option<String>,
        /// Whether the form before the call was used.
        has_form_values: bool,
    },
    /// One side hangs up an accepted call.
    HangUp(EndReason),
    /// The call fails, before or after its acceptance.
    Fail(ErrorCode),
    /// The visitor gives the call up before its acceptance.
    Cancel,
    /// The widget of the next page takes up a call that was accepted at this time.
    Resume(EventTime),
    /// The survey is shown.
    OpenSurvey,
    /// The visitor submits the survey.
    SubmitSurvey(SurveySummary),
    /// The visitor starts over.
    StartOver,
    /// Business hours end.
    Close,
    /// Business hours begin.
    Open,
}

impl Input {
    /// The trigger of the table that this input is; `None` for [`Input::Accept`], which is no
    /// transition: it fires the event that the tap has earned.
    #[must_use]
    pub const fn trigger(&self) -> Option<Trigger> {
        match self {
            Self::Tap => Some(Trigger::Tap),
            Self::Accept { .. } => None,
            Self::HangUp(_) => Some(Trigger::HangUp),
            Self::Fail(_) => Some(Trigger::Fail),
            Self::Cancel => Some(Trigger::Cancel),
            Self::Resume(_) => Some(Trigger::Resume),
            Self::OpenSurvey => Some(Trigger::OpenSurvey),
            Self::SubmitSurvey(_) => Some(Trigger::SubmitSurvey),
            Self::StartOver => Some(Trigger::StartOver),
            Self::Close => Some(Trigger::Close),
            Self::Open => Some(Trigger::Open),
        }
    }
}

/// An input that the table does not allow in the present state. The machine stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{input} is not possible in the state {state}")]
pub struct InvalidTransition {
    /// The state.
    pub state: State,
    /// The input's name.
    pub input: &'static str,
}

/// Follows one widget through its states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    state: State,
    /// When the present call was accepted; `None` before, and outside `calling`.
    accepted_at: Option<EventTime>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { state: State::Idle, accepted_at: None }
    }
}

impl Lifecycle {
    /// The machine of a call that was accepted at `at` and is live.
    #[must_use]
    pub const fn live_since(at: EventTime) -> Self {
        Self { state: State::Calling, accepted_at: Some(at) }
    }

    /// The machine of a call that ended cleanly, as it is found in the store.
    #[must_use]
    pub const fn ended() -> Self {
        Self { state: State::Ended, accepted_at: None }
    }

    /// The present state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether a call was accepted and has not come to its end.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.accepted_at.is_some()
    }

    /// Takes one input and returns the catalogue event that it fires, if any.
    ///
    /// # Errors
    /// [`InvalidTransition`] when the table has no such transition; the state is then unchanged.
    pub fn handle(
        &mut self,
        now: EventTime,
        input: Input,
    ) -> Result<Option<CatalogueEvent>, InvalidTransition> {
        let Some(trigger) = input.trigger() else {
            return self.accept(now, input);
        };
        let refused = InvalidTransition { state: self.state, input: trigger.as_str() };
        // A call that nobody accepted cannot be hung up, only fail: it has no call_started for a
        // call_ended to answer.
        if trigger == Trigger::HangUp && self.accepted_at.is_none() {
            return Err(refused);
        }
        // An accepted call has its call_started, and so comes to a terminal event.
        if trigger == Trigger::Cancel && self.accepted_at.is_some() {
            return Err(refused);
        }
        let transition = Transition::find(self.state, trigger).ok_or(refused)?;
        self.state = transition.to;
        let accepted_at = self.accepted_at.take();
        Ok(match input {
            Input::HangUp(reason) => {
                let duration = accepted_at.map_or(0, |at| seconds_between(at, now));
                Some(CatalogueEvent::CallEnded { duration, reason })
            }
            Input::Fail(code) => Some(CatalogueEvent::CallError { code }),
            Input::SubmitSurvey(summary) => Some(CatalogueEvent::SurveySubmitted(summary)),
            Input::Resume(at) => {
                self.accepted_at = Some(at);
                None
            }
            _ => None,
        })
    }

    fn accept(
        &mut self,
        now: EventTime,
        input: Input,
    ) -> Result<Option<CatalogueEvent>, InvalidTransition> {
        match input {
            Input::Accept { destination_id, routing_key, has_form_values }
                if self.state == State::Calling && self.accepted_at.is_none() =>
            {
                self.accepted_at = Some(now);
                Ok(Some(CatalogueEvent::CallStarted {
                    destination_id,
                    routing_key,
                    has_form_values,
                }))
            }
            _ => Err(InvalidTransition { state: self.state, input: "accept" }),
        }
    }
}

/// Whole seconds, rounded down; 0 when the clock stepped back.
fn seconds_between(start: EventTime, end: EventTime) -> u64 {
    u64::try_from(end.millis().saturating_sub(start.millis())).unwrap_or(0) / 1000
}

#[cfg(test)]
mod tests;
