//! The commands that a call gives to its trunk, and the events that it gets.

use std::net::IpAddr;

use bellpush_core::{call_notice::CallNotice, trunk::SipFailure};

use super::SipTarget;
use crate::Digit;

/// Keys that may wait until a far side takes them.
pub(super) const MAX_KEYS: usize = 64;

/// What a call wants of the trunk that carries it. The first is [`TrunkCommand::Invite`]; after
/// [`TrunkCommand::Cancel`], [`TrunkCommand::Release`] or [`TrunkCommand::Bye`] nothing follows.
#[derive(Debug)]
pub enum TrunkCommand {
    /// Calls the far side, with an SDP offer; or offers it the session anew, in the dialog that the call
    /// goes on by.
    Invite {
        /** Where to. */
        target: Box<SipTarget>,
        /** The offer. */
        sdp: String,
    },
    /// Gives up a call that has not been answered.
    Cancel,
    /// Lets go of a call that another process has taken over: the far side of its dialog is told
    /// nothing.
    Release,
    /// Ends a call that has been answered.
    Bye {
        /** Why, for the Reason header (RFC 3326). */
        cause: ByeCause,
    },
    /// Answers an offer of the far side. When the far side asked for our offer instead (see
    /// [`TrunkEvent::Offered`]), this carries the offer.
    AnswerOffer {
        /** Which offer. */
        request: OfferId,
        /** The answer, or our offer. */
        sdp: String,
    },
    /// Refuses an offer of the far side; the session stays as it was.
    RejectOffer {
        /** Which offer. */
        request: OfferId,
        /** The status, such as 488. */
        status: u16,
    },
    /// Presses a key by SIP INFO, for a far side that took no telephone-event.
    Info {
        /** Which key. */
        digit: Digit,
    },
}

/// What happens to a call on its trunk. [`TrunkEvent::HungUp`] or [`TrunkEvent::Failed`] is the last, and
/// there is at most one of them: none follows [`TrunkCommand::Cancel`] and [`TrunkCommand::Bye`].
#[derive(Debug)]
pub enum TrunkEvent {
    /// The far side's signalling comes from this address: that of the hop that the INVITE is sent to.
    SignallingAddress(IpAddr),
    /// The far side is called from now on, whether it hears that or not.
    Calling {
        /** The Call-ID of the INVITE. */
        call_id: String,
    },
    /// The far side rings (180), or works on it (182, 183 without SDP).
    Ringing,
    /// The far side plays something before it answers (183 or 180 with SDP).
    EarlyMedia {
        /** The answer to our offer. */
        sdp: String,
    },
    /// The far side took the call.
    Answered {
        /** The answer to our offer. */
        sdp: String,
        /** The dialog's Call-ID. */
        call_id: String,
    },
    /// The far side changes the session (re-INVITE or UPDATE). Answer it by
    /// [`TrunkCommand::AnswerOffer`] or [`TrunkCommand::RejectOffer`].
    Offered {
        /** Which offer, for the answer. */
        request: OfferId,
        /** The offer; `None` asks for ours. */
        sdp: Option<String>,
    },
    /// The far side's answer to the offer that it asked for.
    OfferAnswered {
        /** The answer. */
        sdp: String,
    },
    /// The far side pressed a key, told by SIP INFO.
    Digit(Digit),
    /// The far side ended the call.
    HungUp {
        /** What its Reason header says, if it has one. */
        cause: Option<ByeCause>,
    },
    /// The far side lets the caller know something: 182 with its reason phrase, or another identity at the
    /// other end of an answered call.
    Notice(CallNotice),
    /// Something answers: the INVITE has arrived.
    Trying,
    /// What the far side said to the call that it does not take, right before
    /// [`TrunkEvent::Failed`].
    Rejected(Box<SipFailure>),
    /// There is no call.
    Failed(FarFailure),
}

/// Which offer of the far side an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OfferId(pub(crate) u32);

/// Why a call to the far side failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FarFailure {
    /// Somebody is speaking there already (486, 600).
    Busy,
    /// Nobody answered (480, 408).
    NoAnswer,
    /// There is no such address, or no way to it (404, 410, 604, and whatever else failed there).
    Unreachable,
    /// The far side does not want the call (403, 603), us (401, 407), or any of the codecs (488,
    /// 606).
    Rejected,
    /// No target of the trunk could be reached.
    Transport,
}

impl FarFailure {
    /// What a final response other than 2xx means.
    #[must_use]
    pub const fn from_status(status: u16) -> Self {
        match status {
            486 | 600 => Self::Busy,
            408 | 480 | 487 => Self::NoAnswer,
            401 | 403 | 407 | 488 | 603 | 606 | 607 | 608 => Self::Rejected,
            _ => Self::Unreachable,
        }
    }
}

/// Why an answered call ended: a Q.850 cause (RFC 3326, RFC 6432).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByeCause(u8);

impl ByeCause {
    /// Somebody hung up.
    pub const NORMAL: Self = Self(16);
    /// No media arrives any more: resource unavailable, unspecified.
    pub const MEDIA_LOST: Self = Self(47);
    /// The session was not refreshed: recovery on timer expiry.
    pub const TIMER_EXPIRED: Self = Self(102);
    /// What was agreed on can't be done: incompatible destination.
    pub const INCOMPATIBLE: Self = Self(88);
    /// This server stops: temporary failure.
    pub const SHUTDOWN: Self = Self(41);

    /// A cause by its number, 1 to 127.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        if code == 0 || code > 127 { None } else { Some(Self(code)) }
    }

    /// Its number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_final_response_has_its_meaning() {
        for (status, failure) in [
            (486, FarFailure::Busy),
            (600, FarFailure::Busy),
            (480, FarFailure::NoAnswer),
            (408, FarFailure::NoAnswer),
            (404, FarFailure::Unreachable),
            (410, FarFailure::Unreachable),
            (604, FarFailure::Unreachable),
            (500, FarFailure::Unreachable),
            (302, FarFailure::Unreachable),
            (403, FarFailure::Rejected),
            (603, FarFailure::Rejected),
            (488, FarFailure::Rejected),
        ] {
            assert_eq!(FarFailure::from_status(status), failure, "{status}");
        }
    }
}
