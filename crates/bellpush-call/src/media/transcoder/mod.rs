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
const ADAPT_EVERY: Duration = Duration::from_millis(100);
const SPARE: Duration = Duration::from_millis(20);
/// Sound taken out at a time to shorten the wait: 10 ms, blended over as much.
const REMOVED: usize = 80;
/// What exceeds the target by more, after as much was made up or left out, was held back by the network and came at once: its time
/// is over, and it is left out as a whole.
const HELD_BACK: Duration = Duration::from_millis(200);
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
    /// Samples made up or left out meanwhile, in place of what came all the same.
    made_up: usize,
    /// Samples to be taken out.
    surplus: usize,
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
                made_up: 0,
                surplus: 0,
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
    pub(crate) fn packet(
        &mut self,
        now: Instant,
        codec: Codec,
        times: RtpTimes,
        payload: &[u8],
    ) -> Inserted {
        let inserted = self.buffer.insert(now, codec, times, payload);
        if inserted == Inserted::Kept {
            self.is_silent = false;
            match self.due {
                None => self.start(now),
                Some(due) if self.buffer.is_newest(times.seq) => {
                    self.delay.longest = self.delay.longest.max(self.wait(now, due));
                }
                Some(_) => {}
            }
        }
        inserted
    }

    /// How long it takes until the newest packet is heard.
    fn wait(&self, now: Instant, due: Instant) -> Duration {
        let before = self.duration_of(self.pcm.len()) + self.units(self.buffer.span());
        due.saturating_duration_since(now) + before
    }

    /// Takes in a packet of comfort noise (RFC 3389): the sender has fallen silent, and noise is
    /// heard until it speaks again.
    pub(crate) fn comfort_noise(&mut self, now: Instant, payload: &[u8]) {
        self.is_silent = true;
        self.noise.set_level_of(payload);
        if self.due.is_none() {
            self.start(now);
        }
    }

    /// Tells which part of the packets out is lost, in percent, as the listener reports it.
    pub(crate) fn set_expected_loss(&mut self, percent: u8) {
        self.encoder.set_expected_loss(percent);
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
            let pause = due.saturating_duration_since(since);
            self.out.pause(pause);
            self.delay.made_up += samples(pause);
        }
    }

    fn stop(&mut self, due: Instant) {
        self.due = None;
        self.idle_since = Some(due);
        self.delay.made_up = self.underrun;
        self.pcm.clear();
        self.buffer = JitterBuffer::new(due, self.clock_rate);
        self.out.times.marker = true;
    }

    /// Decides whether packets wait for longer than they need to.
    fn adapt_delay(&mut self, now: Instant) {
        if now >= self.delay.adapt_at {
            self.delay.adapt_at = now + ADAPT_EVERY;
            let longest = std::mem::take(&mut self.delay.longest);
            let surplus = longest.saturating_sub(self.buffer.target() + SPARE);
            let made_up = std::mem::take(&mut self.delay.made_up);
            let held_back = samples(surplus).min(made_up);
            self.delay.surplus = if held_back >= samples(HELD_BACK) {
                held_back
            } else if surplus.is_zero() {
                0
            } else {
                REMOVED
            };
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
        if self.delay.surplus > 0 && self.underrun == 0 {
            let wanted = self.frame.max(REMOVED) + self.delay.surplus;
            while self.pcm.len() < wanted && self.fetch() {}
            if self.pcm.len() >= wanted {
                self.accelerate();
            }
        }
    }

    /// Decodes what comes next. Whether there was something.
    fn fetch(&mut self) -> bool {
        let before = self.pcm.len();
        match self.buffer.next() {
            Next::Packet(codec, payload) => {
                self.delay.made_up += std::mem::take(&mut self.underrun);
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

    /// Takes the surplus out, by blending over from where it begins to where it ends.
    fn accelerate(&mut self) {
        let surplus = std::mem::take(&mut self.delay.surplus);
        for n in 0..REMOVED {
            if let (Some(&from), Some(&to)) = (self.pcm.get(n), self.pcm.get(n + surplus)) {
                let (n, whole) = (n as i32, REMOVED as i32);
                let blend = (i32::from(from) * (whole - n) + i32::from(to) * n) / whole;
                if let Some(sample) = self.pcm.get_mut(n as usize) {
                    *sample = blend as i16;
                }
            }
        }
        self.pcm.drain(REMOVED..REMOVED + surplus);
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
    samples(packet_time(to, ptime))
}

fn samples(duration: Duration) -> usize {
    duration.as_millis() as usize * (SAMPLE_RATE / 1_000) as usize
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
