//! RTP without sockets: packets come in as values and go out as values.

mod comfort_noise;
mod concealment;
mod g711;
mod greeting;
mod jitter_buffer;
pub(crate) mod opus;
mod quality;
mod reception;
mod rtcp;
mod rtp_rewriter;
mod rtp_timeout;
mod telephone_event;
mod transcoder;

#[cfg(test)]
pub(crate) use self::{
    g711::Law as G711Law,
    opus::{OpusDecoder, OpusEncoder},
};
pub(crate) use comfort_noise::ComfortNoiseLoop;
pub(crate) use greeting::Greeting;
pub use quality::{CallQuality, StreamQuality};
pub(crate) use reception::Reception;
pub(crate) use rtcp::{RtcpSession, WallClock};
pub(crate) use rtp_rewriter::{RtpRewriter, RtpTimes, Source};
pub(crate) use rtp_timeout::RtpTimeout;
pub(crate) use telephone_event::{DtmfReceiver, DtmfSender};
pub(crate) use transcoder::Transcoder;

use std::time::Duration;

/// The length of the greeting's frames.
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// [`FRAME`] in Opus' RTP clock, which runs at 48 kHz whatever the bandwidth (RFC 7587).
pub(crate) const FRAME_SAMPLES: u32 = 960;
