//! What the far side sends, on its way to the browser.

use std::time::{Duration, Instant};

use bellpush_srtp::{RtpHeader, SeqExtender, SrtpReceiver};

use super::{
    silence_fill::{Announced, SilenceFill},
    transcoding::Transcoding,
};
use crate::{
    Codec,
    bridge::{BrowserSink, noise_player::NoisePlayer},
    legs::sip::Format,
    media::{ChangeLimit, FRAME, MAX_MISORDER, Reception, RtpTimes, Source, StreamQuality},
};

/// The stream that the far side sends.
pub(super) struct Incoming {
    /// How many sources were heard.
    pub(super) stream: u32,
    seqs: SeqExtender,
    /// The number after one that was far behind: if it comes, the source has begun its numbers anew.
    restarts_at: Option<u64>,
    /// The stream that the source has begun so last.
    restarted: ChangeLimit<u32>,
    /// What was spoken last.
    pub(super) codec: Option<Codec>,
    pub(super) reception: Reception,
    pub(super) srtp: Option<SrtpReceiver>,
    pub(super) transcoder: Option<Transcoding>,
    /// Whether it passes as it is, or else from which clock rate it is transcoded into what.
    way: ChangeLimit<Option<(u32, Codec)>>,
    /// For a far side that holds the call and sends nothing.
    pub(super) noise: NoisePlayer,
    is_on_hold: bool,
    /// For a browser that takes no comfort noise.
    pub(super) silence: SilenceFill,
}

impl Incoming {
    pub(super) fn new(clock_rate: u32) -> Self {
        Self {
            stream: 0,
            seqs: SeqExtender::default(),
            restarts_at: None,
            restarted: ChangeLimit::new(),
            codec: None,
            reception: Reception::new(clock_rate),
            srtp: None,
            transcoder: None,
            way: ChangeLimit::new(),
            noise: NoisePlayer::default(),
            is_on_hold: false,
            silence: SilenceFill::new(),
        }
    }

    /// The far side speaks this codec from now on.
    pub(super) fn set_codec(&mut self, codec: Codec) {
        if self.codec.is_none_or(|before| before.clock_rate() != codec.clock_rate()) {
            self.reception.restart(codec.clock_rate());
        }
        self.codec = Some(codec);
    }

    /// Whether what is spoken in this codec may be heard in that one now: a sender that has the way change
    /// with each packet would have a transcoder made for each.
    pub(super) fn may_be_heard_as(&mut self, now: Instant, codec: Codec, heard_as: Codec) -> bool {
        self.way.admits(now, (codec != heard_as).then_some((codec.clock_rate(), heard_as)))
    }

    /// Something else was agreed on, or is heard: it may go any way at once.
    pub(super) fn begin_way(&mut self) {
        self.way = ChangeLimit::new();
    }

    pub(super) fn set_on_hold(&mut self, now: Instant, is_on_hold: bool) {
        self.is_on_hold = is_on_hold;
        self.noise.set_playing(now, is_on_hold);
        if is_on_hold {
            self.silence.stop();
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let transcoding = self.transcoder.as_ref();
        [
            self.noise.next_deadline(),
            self.silence.next_deadline(),
            transcoding.and_then(|transcoding| transcoding.transcoder.next_deadline()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub(super) fn quality(
        &self,
        agreed: Codec,
        round_trip: Option<Duration>,
    ) -> Option<StreamQuality> {
        StreamQuality::of(self.codec.unwrap_or(agreed), &self.reception, round_trip)
    }

    /// Another source is heard.
    pub(super) fn begin_source(&mut self) {
        self.begin_stream();
        self.reception.begin_source();
    }

    /// What comes from now on has other numbers.
    fn begin_stream(&mut self) {
        self.stream = self.stream.wrapping_add(1);
        (self.seqs, self.restarts_at) = (SeqExtender::default(), None);
        self.begin_way();
        self.reception.restart(self.codec.unwrap_or(Codec::Pcma).clock_rate());
        self.silence.stop();
    }

    /// Whether the source has begun its numbers anew, as it may without a word (RFC 3550 appendix A.1): two
    /// that follow each other, far behind. The first of them is left to be a late one.
    fn begins_anew(&mut self, now: Instant, seq: u64) -> bool {
        if self.seqs.behind(seq) <= MAX_MISORDER {
            return false;
        }
        let follows = self.restarts_at.replace(seq + 1) == Some(seq);
        follows && self.restarted.admits(now, self.stream.wrapping_add(1))
    }

    /// Counts a packet, and says where it stands in its stream.
    pub(super) fn take(&mut self, now: Instant, format: Format, header: &RtpHeader) -> RtpTimes {
        let mut seq = self.seqs.extend(header.seq);
        if self.begins_anew(now, seq) {
            self.begin_stream();
            seq = self.seqs.extend(header.seq);
        }
        match format {
            Format::Speech(codec) => {
                self.set_codec(codec);
                self.noise.pause_for_speech(now);
                self.reception.packet(now, seq, header.timestamp);
            }
            Format::ComfortNoise | Format::TelephoneEvent(_) => self.reception.untimed(now, seq),
        }
        RtpTimes { seq, timestamp: header.timestamp, marker: header.marker }
    }

    /// Passes a packet on as it is.
    pub(super) fn pass(
        &mut self,
        now: Instant,
        (format, codec): (Format, Codec),
        times: RtpTimes,
        payload: &[u8],
        sink: &mut BrowserSink<'_>,
    ) {
        let source = Source::FarSide { stream: self.stream };
        self.transcoder = None;
        sink.stream.set_clock_rate(codec.clock_rate());
        match format {
            Format::Speech(_) if self.silence.spoken(times.timestamp) => {
                if let Some(times) = sink.stream.rewrite(now, source, times) {
                    sink.send(now, codec, times, payload);
                }
            }
            // On hold it hears noise made here, and one source at a time.
            Format::ComfortNoise if self.is_on_hold => sink.stream.skip(source, times.seq),
            Format::ComfortNoise if sink.takes_comfort_noise() && codec.clock_rate() == 8_000 => {
                if let Some(times) = sink.stream.rewrite(now, source, times) {
                    sink.send_comfort_noise(now, times, payload);
                }
            }
            Format::ComfortNoise if codec.clock_rate() == 8_000 => {
                let announced =
                    Announced { source, codec, timestamp: times.timestamp, ptime: FRAME };
                match self.silence.announced(now, announced, payload) {
                    Some(noise) => {
                        if let Some(times) = sink.stream.rewrite(now, source, times) {
                            sink.send(now, codec, times, noise);
                        }
                    }
                    None => sink.stream.skip(source, times.seq),
                }
            }
            // The browser has no use for keys.
            _ => sink.stream.skip(source, times.seq),
        }
    }
}
