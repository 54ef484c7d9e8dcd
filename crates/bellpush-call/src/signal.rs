//! What a call tells its caller.

use bellpush_core::{
    analytics::NetworkKind,
    call_notice::CallNotice,
    events::{EndReason, ErrorCode},
    quality::QualitySample,
    routing::AnsweredBy,
    trunk::SipFailure,
};

use crate::CallQuality;

/// One step of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// The engine waits for the browser's media to connect.
    Connecting,
    /// The far side rings. The demo never does: it answers at once.
    Ringing,
    /// The far side took the call. Told once, before the first [`Signal::Connected`].
    Answered(Box<AnsweredBy>),
    /// How the browser's media comes to this machine. Told before each [`Signal::Connected`].
    Network(NetworkKind),
    /// Both sides hear each other.
    Connected,
    /// The far side puts the visitor on hold (`true`), or takes the call up again.
    Held(bool),
    /// The far side lets the visitor know something: up to [`MAX_NOTICES`](crate::MAX_NOTICES) of a call.
    Notice(CallNotice),
    /// Nothing comes from the browser at present.
    Reconnecting,
    /// What a phone system said to the call that it did not take. Another may follow it, from the
    /// next route.
    Rejected(Box<SipFailure>),
    /// How the call sounded: right before the last signal, of calls that went to a trunk.
    Quality(Box<CallQuality>),
    /// How one side was received in the last seconds, where that is asked for.
    Sample(Box<QualitySample>),
    /// The last signal: one side hung up.
    Ended(EndReason),
    /// The last signal: the call failed.
    Failed(ErrorCode),
}

impl Signal {
    /// Whether it is the call's last.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::Failed(_))
    }
}
