//! The sides of a call.

pub(crate) mod demo;
mod rtp_map;
pub(crate) mod sip;
pub(crate) mod webrtc;
