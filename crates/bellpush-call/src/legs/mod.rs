//! The sides of a call.

pub(crate) mod demo;
pub(crate) mod webrtc;
