//! The sides of a call.

pub(crate) mod demo;
pub(crate) mod sip;
pub(crate) mod webrtc;
