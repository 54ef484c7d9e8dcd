//! What a shard is asked to do, from other threads.

use std::time::{Duration, Instant};

use bellpush_core::{events::EndReason, ids::CallId};
use tokio::sync::oneshot;

use super::room::Room;
use crate::{
    Digit, PlaceError, ResumeError, bridge::Bridge, legs::webrtc::Offer, trunk::TrunkEvent,
};

/// What the handles, and the trunks, ask of a shard.
pub(super) enum Command {
    /// Take on a call, and say so. One whose caller is gone meanwhile is not taken on.
    Place {
        bridge: Box<Bridge>,
        /// `None`: it is looked for when the call is taken on.
        room: Option<Room>,
        reply: oneshot::Sender<Result<(), PlaceError>>,
    },
    HangUp {
        id: CallId,
        by: EndReason,
    },
    /// The browser says that its media can't go on.
    GiveUp(CallId),
    Drop(CallId),
    /// Another server has it.
    Release(CallId),
    /// Another server has it, and is not connected to the browser yet.
    HandOver {
        id: CallId,
        within: Duration,
    },
    Digit(CallId, Digit),
    /// The page went away, and may come back within this time.
    Suspend {
        id: CallId,
        window: Duration,
    },
    /// The page is back, with a leg of its own.
    Resume {
        id: CallId,
        offer: Box<Offer>,
        reply: oneshot::Sender<Result<String, ResumeError>>,
    },
    /// The browser offers anew for the leg that it has, such as for an ICE restart.
    Restart {
        id: CallId,
        offer: Box<Offer>,
        reply: oneshot::Sender<Result<String, ResumeError>>,
    },
    /// What a trunk reports of a call's far side.
    TrunkEvent {
        id: CallId,
        dialled: u32,
        event: TrunkEvent,
    },
    /// Take on no more calls, and fail those that are live at this time.
    ShutDown {
        by: Instant,
    },
}
