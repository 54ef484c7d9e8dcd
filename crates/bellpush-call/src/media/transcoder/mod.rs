//! From one codec to another, in one direction: packets in as they come, packets out at their time.
//!
//! Pure and without allocations once it runs. In between lies sound of 8 kHz, the telephone's.
//! Sound that is late is waited for, as long as its jitter asks for; what does not come is made
//! up; a sender that pauses is followed by soft noise, and then by nothing, or by noise until it
//! speaks again when it has said that it would be silent.

mod codecs;

use std::time::{Duration, Instant};

use codecs::{Decoder, Encoder};

use super::{
    RtpTimes,
    comfort_noise::NoiseGenerator,
    jitter_buffer::{Inserted, JitterBuffer, Next},
    opus::OpusError,
    packet_time,
};
use crate::Codec;

const SAMPLE_RATE: u32 = 8_000;
/// The wait before the first packet is played. More is added when it is needed.
const FIRST_WAIT: Duration = Duration::from_millis(10);
/// Made-up sound has faded by then, and noise takes its place.
const FADED: usize = 100 * 8;
/// A sender that is silent for so long is not filled in for any more.
const IDLE: usize = 1_000 * 8;
/// How often the wait is looked at, and what it may exceed the target by.
const ADAPT_EVERY: Duration = Duration::from_secs(1);
const SPARE: Duration = Duration::from_millis(20);
/// Sound taken out at a time to shorten the wait: 10 ms, blended over as much.
const REMOVED: usize = 80;
/// What is not sent in time because the thread was busy is not sent in a burst.
const MAX_LAG: Duration = Duration::from_millis(200);
const MAX_PACKET: usize = 640;

/// A packet that is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TranscodedPacket<'a> {
    /// Numbers of a source of its own, in the clock of the codec that it was transcoded to.
    pub(crate) times: RtpTimes,
    pub(crate) payload: &'a [u8],
}

/// One direction of a call.
#[derive(Debug)]
pub(crate) struct Transcoder {
    clock_rate: u32,
    to: Codec,
    buffer: JitterBuffer,
    decoder: Decoder,
    encoder: Encoder,
    noise: NoiseGenerator,
    /// Sound that is decoded and not yet sent.
    pcm: Vec<i16>,
    /// Samples of a packet that goes out.
    frame: usize,
    /// When the next packet goes out; `None` while nothing comes in.
    due: Option<Instant>,
    idle_since: Option<Instant>,
    /// Samples made up since the last real one, while nothing was there.
    underrun: usize,
    /// Whether the sender has announced that it sends nothing for a while.
    is_silent: bool,
    delay: PlayoutDelay,
    out: Outgoing,
    packet: [u8; MAX_PACKET],
}

/// How long packets have waited, at the longest, since it was looked at.
#[derive(Debug)]
struct PlayoutDelay {
    longest: Duration,
    adapt_at: Instant,
    newest: u64,
    accelerate: bool,
}

#[derive(Debug)]
struct Outgoing {
    clock_rate: u32,
    times: RtpTimes,
}

impl Transcoder {
    /// Takes in codecs of one clock rate. Packets out hold `ptime` of sound, or what there is of it
    /// ([`packet_time`]).
    pub(crate) fn new(
        now: Instant,
        clock_rate: u32,
        to: Codec,
        ptime: Duration,
    ) -> Result<Self, OpusError> {
        Ok(Self {
            clock_rate,
            to,
            buffer: JitterBuffer::new(now, clock_rate),
            decoder: Decoder::new(clock_rate)?,
            encoder: Encoder::new(to)?,
            noise: NoiseGenerator::new(),
            pcm: Vec::new(),
            frame: frame_samples(to, ptime),
            due: None,
            idle_since: None,
            underrun: 0,
            is_silent: false,
            delay: PlayoutDelay {
                longest: Duration::ZERO,
                adapt_at: now + ADAPT_EVERY,
                newest: 0,
                accelerate: false,
            },
            out: Outgoing {
                clock_rate: to.clock_rate(),
                times: RtpTimes { seq: 0, timestamp: 0, marker: true },
            },
            packet: [0; MAX_PACKET],
        })
    }

    /// Packets out hold this much sound from now on.
    pub(crate) fn set_ptime(&mut self, ptime: Duration) {
        self.frame = frame_samples(self.to, ptime);
    }

    /// Takes in a packet of sound. Its sequence number is extended over 16 bits.
    pub(crate) fn packet(&mut self, now: Instant, codec: Codec, times: RtpTimes, payload: &[u8]) {
        if self.buffer.insert(now, codec, times, payload) != Inserted::Kept {
            return;
        }
        self.is_silent = false;
        let Some(due) = self.due else {
            self.start(now);
            return;
        };
        if times.seq > self.delay.newest {
            self.delay.newest = times.seq;
            let before = self.duration_of(self.pcm.len()) + self.units(self.buffer.span());
            let wait = due.saturating_duration_since(now) + before;
            self.delay.longest = self.delay.longest.max(wait);
        }
    }

    /// Takes in a packet of comfort noise (RFC 3389): the sender has fallen silent, and noise is
    /// heard until it speaks again.
    pub(crate) fn comfort_noise(&mut self, payload: &[u8]) {
        self.is_silent = true;
        self.noise.set_level_of(payload);
    }

    /// Tells which part of the packets out is lost, in percent, as the listener reports it.
    pub(crate) fn set_expected_loss(&mut self, percent: u8) {
        self.encoder.set_expected_loss(percent);
    }

    /// Packets that came too late to be heard.
    pub(crate) fn late(&self) -> u64 {
        self.buffer.late()
    }

    /// When [`Transcoder::poll`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.due
    }

    /// The next packet, if it is due.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<TranscodedPacket<'_>> {
        let due = self.due.filter(|due| *due <= now)?;
        self.adapt_delay(due);
        self.fill();
        if self.underrun >= IDLE && !self.is_silent {
            self.stop(due);
            return None;
        }
        let length = match self.encoder.encode(self.pcm.get(..self.frame)?, &mut self.packet) {
            Ok(length) => length,
            Err(error) => {
                tracing::debug!(%error, "sound was not encoded");
                0
            }
        };
        self.pcm.drain(..self.frame);
        self.due = Some((due + self.duration_of(self.frame)).max(now.checked_sub(MAX_LAG)?));
        let times = self.out.next(self.frame);
        let payload = self.packet.get(..length).filter(|payload| !payload.is_empty())?;
        Some(TranscodedPacket { times, payload })
    }

    /// The first packet, or the first after a pause.
    fn start(&mut self, now: Instant) {
        let due = now + FIRST_WAIT.max(self.buffer.target());
        self.due = Some(due);
        self.underrun = 0;
        self.delay.longest = Duration::ZERO;
        self.delay.adapt_at = due + ADAPT_EVERY;
        if let Some(since) = self.idle_since.take() {
            self.out.pause(due.saturating_duration_since(since));
        }
    }

    fn stop(&mut self, due: Instant) {
        self.due = None;
        self.idle_since = Some(due);
        self.pcm.clear();
        self.buffer = JitterBuffer::new(due, self.clock_rate);
        self.out.times.marker = true;
    }

    /// Decides whether packets wait for longer than they need to.
    fn adapt_delay(&mut self, now: Instant) {
        if now >= self.delay.adapt_at {
            self.delay.adapt_at = now + ADAPT_EVERY;
            self.delay.accelerate = self.delay.longest > self.buffer.target() + SPARE;
            self.delay.longest = Duration::ZERO;
        }
    }

    /// Fetches sound for one packet, and makes up what is missing.
    fn fill(&mut self) {
        while self.pcm.len() < self.frame {
            if !self.fetch() {
                let missing = self.frame - self.pcm.len();
                self.fill_in(missing);
            }
        }
        if self.delay.accelerate && self.underrun == 0 {
            let wanted = self.frame + REMOVED;
            while self.pcm.len() < wanted && self.fetch() {}
            if self.pcm.len() >= wanted.max(2 * REMOVED) {
                self.accelerate();
            }
        }
    }

    /// Decodes what comes next. Whether there was something.
    fn fetch(&mut self) -> bool {
        let before = self.pcm.len();
        match self.buffer.next() {
            Next::Packet(codec, payload) => {
                self.underrun = 0;
                if let Err(error) = self.decoder.decode(codec, payload, &mut self.pcm) {
                    tracing::debug!(%error, "a packet was not decoded");
                    self.decoder.conceal(self.frame, None, &mut self.pcm);
                }
                let samples = self.pcm.len() - before;
                self.buffer.played(samples as u32 * (self.clock_rate / SAMPLE_RATE));
                true
            }
            Next::Gap { units, after } => {
                let samples = (units / (self.clock_rate / SAMPLE_RATE)) as usize;
                // For what was made up while it was waited for, its time is over.
                let missing = samples.saturating_sub(self.underrun);
                self.underrun = 0;
                self.decoder.conceal(missing, Some(after), &mut self.pcm);
                true
            }
            Next::Nothing => false,
        }
    }

    fn fill_in(&mut self, samples: usize) {
        let start = self.pcm.len();
        if self.underrun < FADED && !self.is_silent {
            self.decoder.conceal(samples, None, &mut self.pcm);
        }
        let made_up = self.pcm.len() - start;
        self.pcm.resize(start + samples, 0);
        self.noise.fill(self.pcm.get_mut(start + made_up..).unwrap_or_default());
        self.underrun += samples;
    }

    /// Takes 10 ms out, by blending over from where they begin to where they end.
    fn accelerate(&mut self) {
        for n in 0..REMOVED {
            if let (Some(&from), Some(&to)) = (self.pcm.get(n), self.pcm.get(n + REMOVED)) {
                let (n, whole) = (n as i32, REMOVED as i32);
                let blend = (i32::from(from) * (whole - n) + i32::from(to) * n) / whole;
                if let Some(sample) = self.pcm.get_mut(n as usize) {
                    *sample = blend as i16;
                }
            }
        }
        self.pcm.drain(REMOVED..2 * REMOVED);
        self.delay.accelerate = false;
    }

    fn duration_of(&self, samples: usize) -> Duration {
        Duration::from_micros(samples as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    fn units(&self, units: u32) -> Duration {
        Duration::from_micros(u64::from(units) * 1_000_000 / u64::from(self.clock_rate))
    }
}

/// Samples of a packet that goes out.
fn frame_samples(to: Codec, ptime: Duration) -> usize {
    packet_time(to, ptime).as_millis() as usize * (SAMPLE_RATE / 1_000) as usize
}

impl Outgoing {
    fn next(&mut self, samples: usize) -> RtpTimes {
        let times = self.times;
        let units = samples as u32 * (self.clock_rate / SAMPLE_RATE);
        self.times = RtpTimes {
            seq: times.seq + 1,
            timestamp: times.timestamp.wrapping_add(units),
            marker: false,
        };
        times
    }

    fn pause(&mut self, duration: Duration) {
        let units = duration.as_micros() * u128::from(self.clock_rate) / 1_000_000;
        // Wraps around as timestamps do.
        self.times.timestamp = self.times.timestamp.wrapping_add(units as u32);
    }
}

#[cfg(test)]
mod tests;
