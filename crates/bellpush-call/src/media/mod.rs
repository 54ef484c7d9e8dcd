//! RTP without sockets: packets come in as values and go out as values.

mod change_limit;
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
pub(crate) use change_limit::ChangeLimit;
pub(crate) use comfort_noise::{ComfortNoiseLoop, NoiseGenerator};
pub(crate) use greeting::Greeting;
pub(crate) use jitter_buffer::Inserted;
pub(crate) use quality::sample;
pub use quality::{CallQuality, StreamQuality};
pub(crate) use reception::Reception;
pub(crate) use rtcp::{RtcpSession, WallClock};
pub(crate) use rtp_rewriter::{RtpRewriter, RtpTimes, Source};
pub(crate) use rtp_timeout::RtpTimeout;
pub(crate) use telephone_event::{DtmfReceiver, DtmfSender};
pub(crate) use transcoder::Transcoder;

use std::{net::SocketAddr, time::Duration};

use crate::Codec;

/// The length of the greeting's frames.
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// [`FRAME`] in Opus' RTP clock, which runs at 48 kHz whatever the bandwidth (RFC 7587).
pub(crate) const FRAME_SAMPLES: u32 = 960;

/// What is further behind the latest packet may be of a stream that has begun anew (RFC 3550 appendix A.1).
pub(crate) const MAX_MISORDER: u64 = 100;

/// Where a stream of RTP comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RtpSource {
    pub(crate) remote: SocketAddr,
    pub(crate) ssrc: u32,
}

/// How much sound there is in a packet that is made here for a listener who wants `ptime`: no more,
/// and of Opus a length that it has (RFC 6716 section 2.1.4).
pub(crate) fn packet_time(codec: Codec, ptime: Duration) -> Duration {
    let millis = ptime.as_millis().clamp(10, 60) as u64;
    Duration::from_millis(match codec {
        Codec::Pcma | Codec::Pcmu => millis,
        Codec::Opus => [60, 40, 20].into_iter().find(|whole| *whole <= millis).unwrap_or(10),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_holds_what_is_wanted_or_the_next_less_that_its_codec_has() {
        let times = |codec| {
            [5, 10, 25, 30, 45, 60, 200]
                .map(|ptime| packet_time(codec, Duration::from_millis(ptime)).as_millis())
        };
        assert_eq!(times(Codec::Pcma), [10, 10, 25, 30, 45, 60, 60]);
        assert_eq!(times(Codec::Opus), [10, 10, 20, 20, 40, 60, 60]);
    }
}
