//! What the far side is sent: the visitor's voice and keys, and noise where there is no voice.

use std::time::Instant;

use bellpush_srtp::SrtpSender;

use super::{silence_fill::SilenceFill, transcoding::Transcoding};
use crate::{
    bridge::{noise_player::NoisePlayer, stream::new_stream},
    media::{DtmfSender, RtpRewriter},
};

/// The stream that the far side hears.
pub(super) struct Outgoing {
    pub(super) stream: RtpRewriter,
    pub(super) ssrc: u32,
    pub(super) srtp: Option<SrtpSender>,
    pub(super) dtmf: DtmfSender,
    /// Shared by the packets of the keypad press that is being sent.
    pub(super) dtmf_timestamp: Option<u32>,
    /// The time of events whose clock is not the codec's.
    pub(super) event_clock: EventClock,
    pub(super) transcoder: Option<Transcoding>,
    /// For a far side whose visitor is away.
    pub(super) noise: NoisePlayer,
    /// For a far side that takes no comfort noise.
    pub(super) silence: SilenceFill,
    /// The packet that goes out next is written here.
    pub(super) packet: Vec<u8>,
}

/// Timestamps of telephone-events in a clock of their own.
pub(super) struct EventClock {
    start: Instant,
    /// At the start: random, as RFC 3550 section 5.1 wants it.
    offset: u32,
    /// Of the event that is being sent.
    pub(super) timestamp: u32,
}

/// What an RTP packet holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'a> {
    Speech(&'a [u8]),
    ComfortNoise(&'a [u8]),
    TelephoneEvent(&'a [u8]),
}

impl Outgoing {
    pub(super) fn new(now: Instant, ssrc: u32, clock_rate: u32) -> Self {
        Self {
            stream: new_stream(clock_rate),
            ssrc,
            srtp: None,
            dtmf: DtmfSender::new(clock_rate),
            dtmf_timestamp: None,
            event_clock: EventClock { start: now, offset: rand::random(), timestamp: 0 },
            transcoder: None,
            noise: NoisePlayer::default(),
            silence: SilenceFill::new(),
            packet: Vec::new(),
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let transcoding = self.transcoder.as_ref();
        [
            self.dtmf.next_deadline(),
            self.noise.next_deadline(),
            self.silence.next_deadline(),
            transcoding.and_then(|transcoding| transcoding.transcoder.next_deadline()),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

impl EventClock {
    /// An event begins.
    pub(super) fn begin(&mut self, now: Instant, clock_rate: u32) {
        let elapsed = now.saturating_duration_since(self.start).as_micros();
        // Wraps around as timestamps do.
        let units = (elapsed * u128::from(clock_rate) / 1_000_000) as u32;
        self.timestamp = self.offset.wrapping_add(units);
    }
}
