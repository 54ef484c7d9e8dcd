//! RTP without sockets: packets come in as values and go out as values.

mod greeting;
mod rtp_rewriter;
mod telephone_event;

pub(crate) use greeting::Greeting;
pub(crate) use rtp_rewriter::{RtpRewriter, RtpTimes, Source};
pub(crate) use telephone_event::PressDetector;

use std::time::Duration;

/// The length of the greeting's frames.
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// [`FRAME`] in Opus' RTP clock, which runs at 48 kHz whatever the bandwidth (RFC 7587).
pub(crate) const FRAME_SAMPLES: u32 = 960;
