//! Placing a call: what the caller hands in and gets back.

use std::{fmt, time::Duration};

use bellpush_core::{
    ids::{CallId, DestinationId, TrunkId},
    trunk::SipFailure,
};
use tokio::sync::mpsc;

use crate::{Codec, OfferError, Signal, SipTarget, call::GoesOn, codec::CodecPreferences};

/// A call to be made: a browser's offer, and where it goes.
#[derive(Clone)]
pub struct PlaceCall {
    /// The call's id.
    pub call_id: CallId,
    /// The browser's SDP offer.
    pub offer: String,
    /// Where the call goes: the first route, and when its far side does not take the call, the
    /// next. Never empty.
    pub routes: Vec<Route>,
    /// After this time, counted from the placing, the far side hangs up.
    pub max_duration: Duration,
    /// The server that has answered the visitor before; `None` for a new call.
    pub former: Option<Former>,
}

/// The server that had a call before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Former {
    /// It does nothing for the call any more: the far side is offered the session anew at once.
    Gone,
    /// It relays the call until its browser is connected here: only then is the far side offered the session
    /// anew.
    Relays,
}

/// One place where a call may go.
#[derive(Debug, Clone)]
pub struct Route {
    /// The profile that it comes from.
    pub destination_id: DestinationId,
    /// Who answers there.
    pub far_side: FarSide,
    /// How long the far side may take to answer.
    pub ring_timeout: Duration,
    /// After this time, counted from the answer, the far side hangs up.
    pub max_duration: Duration,
}

/// The leg that answers the visitor.
#[derive(Debug, Clone)]
pub enum FarSide {
    /// The built-in one: greets, then echoes the visitor's voice; `*` makes it hang up.
    Demo,
    /// A telephone system, by one of its trunks.
    Sip(Box<SipTarget>),
    /// One that takes no call, as a trunk would that answers so: for rehearsals.
    Refusing {
        /// What it answers, by SIP's numbers.
        status: u16,
        /// The trunk that it stands for, if the calls of its profile go by one.
        trunk_id: Option<TrunkId>,
    },
}

impl Route {
    /// Whether the call goes on there: by a dialog that is open already, or with the demo.
    fn goes_on(&self) -> bool {
        match &self.far_side {
            FarSide::Sip(target) => target.open.is_some(),
            FarSide::Demo => true,
            FarSide::Refusing { .. } => false,
        }
    }
}

impl PlaceCall {
    /// When its far side, which has answered before, hears of it; `None` when none has.
    pub(crate) fn goes_on(&self) -> Option<GoesOn> {
        let former = self.former.filter(|_| self.routes.first().is_some_and(Route::goes_on))?;
        Some(match former {
            Former::Gone => GoesOn::AtOnce,
            Former::Relays => GoesOn::WithBrowser,
        })
    }
}

impl FarSide {
    /// What the browser is to speak with it, the preferred first.
    fn codecs(&self) -> &[Codec] {
        match self {
            Self::Demo | Self::Refusing { .. } => &[Codec::Opus],
            Self::Sip(target) if target.codecs.opus_to_browser => &[Codec::Opus],
            Self::Sip(target) => &target.codecs.offer,
        }
    }

    /// What goes into a call's record of one that refuses.
    pub(crate) fn rehearsed_failure(status: u16, trunk_id: TrunkId) -> SipFailure {
        let phrase = if status == 486 { "Busy Here" } else { "Service Unavailable" };
        SipFailure::unanswered(trunk_id, "").answered(status, phrase, None, Some("rehearsal"))
    }

    /// Whether it hears nothing but the telephone's band.
    fn is_narrowband(&self) -> bool {
        matches!(self, Self::Sip(target) if !target.codecs.offer.contains(&Codec::Opus))
    }
}

impl<'a> CodecPreferences<'a> {
    /// With the far side of the first route; those of the others may come after it.
    pub(crate) fn towards(routes: &'a [Route]) -> Self {
        Self {
            codecs: routes.first().map_or(&[], |route| route.far_side.codecs()),
            is_narrowband: routes.iter().all(|route| route.far_side.is_narrowband()),
        }
    }
}

/// A call that the engine has taken on.
pub struct Placed {
    /// The SDP answer for the browser.
    pub answer: String,
    /// What becomes of the call. The last signal is [`Signal::Ended`] or [`Signal::Failed`], and
    /// there is exactly one of them; then the channel closes. A channel that closes without one
    /// means that the engine died, and the call with it: treat it as `server_shutdown`.
    ///
    /// Signals wait in the channel until they are read. Dropping the receiver gives the call up.
    pub signals: mpsc::Receiver<Signal>,
}

/// Why a call was not taken on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The offer can't be answered.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// There is no route.
    #[error("the call has nowhere to go; give it a route")]
    NoRoute,
    /// As many calls as the engine takes are live, or its queue is full.
    #[error("the server handles as many calls as it can; try again later")]
    Overloaded,
    /// The engine ends its calls, or has ended.
    #[error("the server is shutting down; try again in a moment")]
    ShuttingDown,
    /// There is a live call with this id already.
    #[error("a call with this id is live already; use a new call id")]
    DuplicateId,
}

/// Why a call did not get a new connection to its browser.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// The offer can't be answered.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The call is over, or was never here.
    #[error("the call is over")]
    NoSuchCall,
    /// The page that had the call has left it, and it waits for the next one.
    #[error("the call waits to be taken up")]
    PageIsAway,
}

// Offer and answer hold the ICE passwords, which must not reach a log.
impl fmt::Debug for PlaceCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaceCall")
            .field("call_id", &self.call_id)
            .field("routes", &self.routes)
            .field("max_duration", &self.max_duration)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placed").field("signals", &self.signals).finish_non_exhaustive()
    }
}

/// What a browser needs to try whether it reaches the media port, without a call. Its checks are
/// answered for half a minute, and nothing else is.
#[derive(Debug, Clone)]
pub struct MediaProbe {
    /// Of ICE, for `a=ice-ufrag`.
    pub ufrag: String,
    /// Of ICE, for `a=ice-pwd`.
    pub password: String,
    /// Of the server's certificate, as in `a=fingerprint`.
    pub fingerprint: String,
    /// As in `a=candidate`, by UDP and by TCP.
    pub candidates: Vec<String>,
}
