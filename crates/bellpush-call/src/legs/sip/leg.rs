//! One far side on a trunk: its states, and what each message of the trunk does to them.

use std::collections::VecDeque;

use bellpush_core::{ids::TrunkId, trunk::SipFailure};

use super::{Direction, LocalMedia, MediaPlan, negotiation::Negotiation};
use crate::{
    Digit,
    trunk::{ByeCause, FarFailure, OfferId, SipTarget, TrunkCommand, TrunkEvent},
};

/// Not acceptable here (RFC 3261 section 21.4.26): we can't do what was offered.
const NOT_ACCEPTABLE_HERE: u16 = 488;

/// The far side of one call.
///
/// What comes in causes outputs, which [`SipLeg::poll`] takes out in order.
#[derive(Debug)]
pub(crate) struct SipLeg {
    state: State,
    negotiation: Negotiation,
    trunk_id: TrunkId,
    target: Option<Box<SipTarget>>,
    is_held: bool,
    outputs: VecDeque<SipOutput>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not started.
    Idle,
    /// The INVITE is out.
    Calling,
    /// The far side rings, or plays something.
    Ringing,
    Answered,
    Over,
}

/// What the leg wants or tells. Nothing follows [`SipOutput::Ended`] and [`SipOutput::Failed`]
/// but the [`SipOutput::Send`] that they cause comes before them.
#[derive(Debug)]
pub(crate) enum SipOutput {
    /// A message for the trunk.
    Send(TrunkCommand),
    /// Media flows like this from now on.
    Media(MediaPlan),
    /// The far side rings.
    Ringing,
    /// The far side plays something before it answers; [`SipOutput::Media`] said how it comes.
    EarlyMedia,
    /// The far side took the call; [`SipOutput::Media`] said how its media comes.
    Answered {
        /** The dialog's Call-ID. */
        call_id: String,
    },
    /// The far side took the call in a way that is of no use; [`SipOutput::Failed`] follows.
    Unusable(Box<SipFailure>),
    /// The far side put the call on hold, or took it back.
    Held(bool),
    /// The far side hung up.
    Ended,
    /// There was no call.
    Failed(FarFailure),
}

impl SipLeg {
    pub(crate) fn new(target: SipTarget, local: LocalMedia) -> Self {
        let mut negotiation = Negotiation::new(local);
        if let Some(open) = &target.open
            && let Some(origin) = open.origin
        {
            negotiation.go_on(origin, &open.media_lines);
        }
        Self {
            state: State::Idle,
            negotiation,
            trunk_id: target.trunk_id,
            target: Some(Box::new(target)),
            is_held: false,
            outputs: VecDeque::new(),
        }
    }

    /// Calls the far side, or offers one that has answered the session anew. Only the first time counts.
    pub(crate) fn start(&mut self) {
        if self.state == State::Idle
            && let Some(target) = self.target.take()
        {
            let sdp = if target.open.is_some() {
                self.state = State::Answered;
                self.negotiation.offer()
            } else {
                self.state = State::Calling;
                self.negotiation.invite()
            };
            self.send(TrunkCommand::Invite { target, sdp });
        }
    }

    /// Takes what the trunk tells.
    pub(crate) fn handle(&mut self, message: TrunkEvent) {
        match (self.state, message) {
            (State::Idle | State::Over, _) => {}
            (_, TrunkEvent::HungUp { cause }) => {
                self.state = State::Over;
                tracing::debug!(?cause, "the far side hung up");
                self.outputs.push_back(SipOutput::Ended);
            }
            (_, TrunkEvent::Failed(failure)) => self.fail(failure),
            (State::Calling, TrunkEvent::Ringing) => self.ring(),
            (State::Calling | State::Ringing, TrunkEvent::EarlyMedia { sdp }) => {
                self.early_media(&sdp);
            }
            (State::Calling | State::Ringing, TrunkEvent::Answered { sdp, call_id }) => {
                self.answered(&sdp, call_id);
            }
            (State::Ringing | State::Answered, TrunkEvent::Offered { request, sdp }) => {
                self.offered(request, sdp.as_deref());
            }
            (State::Answered, TrunkEvent::OfferAnswered { sdp }) => self.confirmed(&sdp),
            // Which key, and whose, matters to nobody here; call control knows of the others, and the
            // media of the address.
            (_, TrunkEvent::Digit(_) | TrunkEvent::Trying | TrunkEvent::Rejected(_))
            | (_, TrunkEvent::Notice(_) | TrunkEvent::SignallingAddress(_))
            | (_, TrunkEvent::Calling { .. }) => {}
            // An offer before there is a dialog can't be: the edge has one by then.
            (State::Calling, TrunkEvent::Offered { request, .. }) => {
                self.send(TrunkCommand::RejectOffer { request, status: NOT_ACCEPTABLE_HERE });
            }
            (State::Answered, TrunkEvent::Ringing | TrunkEvent::EarlyMedia { .. })
            | (State::Answered, TrunkEvent::Answered { .. })
            | (State::Ringing, TrunkEvent::Ringing)
            | (State::Calling | State::Ringing, TrunkEvent::OfferAnswered { .. }) => {}
        }
    }

    /// Ends the call from our side: it is over at once, whatever the far side says to it.
    pub(crate) fn hang_up(&mut self, cause: ByeCause) {
        match self.state {
            State::Calling | State::Ringing => self.send(TrunkCommand::Cancel),
            State::Answered => self.send(TrunkCommand::Bye { cause }),
            State::Idle | State::Over => {}
        }
        self.state = State::Over;
    }

    /// Whether the far side has answered, be it here or elsewhere.
    pub(crate) fn is_answered(&self) -> bool {
        self.state == State::Answered
    }

    /// Presses a key at the far side beside the media, for one that takes no telephone-event.
    pub(crate) fn press(&mut self, digit: Digit) {
        if self.state == State::Answered {
            self.send(TrunkCommand::Info { digit });
        }
    }

    /// The next output.
    pub(crate) fn poll(&mut self) -> Option<SipOutput> {
        self.outputs.pop_front()
    }

    fn ring(&mut self) {
        self.state = State::Ringing;
        self.outputs.push_back(SipOutput::Ringing);
    }

    fn early_media(&mut self, sdp: &str) {
        match self.negotiation.accept_of_invite(sdp) {
            Ok(plan) => {
                let plan = plan.clone();
                if self.state == State::Calling {
                    self.ring();
                }
                self.outputs.push_back(SipOutput::Media(plan));
                self.outputs.push_back(SipOutput::EarlyMedia);
            }
            // The final answer may be a better one.
            Err(error) => {
                tracing::debug!(%error, "early media can't be played");
                if self.state == State::Calling {
                    self.ring();
                }
            }
        }
    }

    fn answered(&mut self, sdp: &str, call_id: String) {
        match self.negotiation.accept_of_invite(sdp) {
            Ok(plan) => {
                let plan = plan.clone();
                self.state = State::Answered;
                self.negotiation.invite_answered();
                self.agreed(plan, Some(call_id));
            }
            Err(error) => {
                tracing::warn!(%error, "the far side's answer can't be used");
                self.send(TrunkCommand::Bye { cause: ByeCause::INCOMPATIBLE });
                let failure = SipFailure::unanswered(self.trunk_id, &call_id);
                let failure = failure.answered(200, "OK", None, None);
                self.outputs.push_back(SipOutput::Unusable(Box::new(failure)));
                self.fail(FarFailure::Rejected);
            }
        }
    }

    fn offered(&mut self, request: OfferId, sdp: Option<&str>) {
        let Some(offer) = sdp else {
            let sdp = self.negotiation.offer();
            self.send(TrunkCommand::AnswerOffer { request, sdp });
            return;
        };
        match self.negotiation.answer(offer) {
            Ok((sdp, plan)) => {
                let plan = plan.clone();
                self.send(TrunkCommand::AnswerOffer { request, sdp });
                self.agreed(plan, None);
            }
            Err(error) => {
                tracing::debug!(%error, "an offer is refused");
                self.send(TrunkCommand::RejectOffer { request, status: NOT_ACCEPTABLE_HERE });
            }
        }
    }

    fn confirmed(&mut self, sdp: &str) {
        let is_agreed = self.negotiation.is_agreed();
        match self.negotiation.accept(sdp) {
            Ok(plan) => {
                let plan = plan.clone();
                self.agreed(plan, None);
            }
            Err(error) if is_agreed => {
                tracing::debug!(%error, "an answer can't be used; media stays as it was");
            }
            Err(error) => {
                tracing::warn!(%error, "the far side's answer can't be used");
                self.send(TrunkCommand::Bye { cause: ByeCause::INCOMPATIBLE });
                self.fail(FarFailure::Rejected);
            }
        }
    }

    /// Media flows as agreed; with the far side's answer to the call itself, this is that answer.
    fn agreed(&mut self, plan: MediaPlan, answered: Option<String>) {
        let is_held = matches!(plan.direction, Direction::ReceiveOnly | Direction::Inactive);
        self.outputs.push_back(SipOutput::Media(plan));
        if let Some(call_id) = answered {
            self.outputs.push_back(SipOutput::Answered { call_id });
        }
        if self.state == State::Answered && is_held != self.is_held {
            self.is_held = is_held;
            self.outputs.push_back(SipOutput::Held(is_held));
        }
    }

    fn send(&mut self, message: TrunkCommand) {
        self.outputs.push_back(SipOutput::Send(message));
    }

    fn fail(&mut self, failure: FarFailure) {
        self.state = State::Over;
        self.outputs.push_back(SipOutput::Failed(failure));
    }
}

#[cfg(test)]
#[path = "leg_tests.rs"]
mod tests;
