//! Noise in place of a silence that its sender has announced (comfort noise, RFC 3389), for a listener
//! who takes no such announcements.
//!
//! A gap in a stream is for its listener a network that has stopped: what comes after it would be
//! played later and later. So the noise stands in the sender's own timeline, and what is said next
//! follows it as it was said. Pure: it says when the next packet is due.

use std::time::{Duration, Instant};

use crate::{
    Codec,
    media::{NoiseGenerator, Source},
};

/// Samples in a millisecond of G.711.
const SAMPLES_PER_MS: u32 = 8;
/// What the sender says next may come so late without noise in its place.
const LAG: Duration = Duration::from_millis(10);
/// How far it may fall behind; what is older is not made up for.
const MAX_LAG: Duration = Duration::from_millis(60);
/// Sound that the noise has overtaken by no more packets than this is left out.
const MAX_OVERLAP: u32 = 2;

/// Fills the silences of one stream of G.711.
#[derive(Debug)]
pub(super) struct SilenceFill {
    generator: NoiseGenerator,
    silence: Option<Silence>,
    /// The packet's octets, one a sample; none before the first silence.
    frame: Vec<u8>,
}

#[derive(Debug)]
struct Silence {
    /// The next packet, in the sender's timeline.
    next: Announced,
    due: Instant,
}

/// Where a silence begins, and how it is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) source: Source,
    pub(super) codec: Codec,
    /// In the sender's timeline.
    pub(super) timestamp: u32,
    /// How much noise its listener wants in a packet.
    pub(super) ptime: Duration,
}

/// A packet of noise.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoisePacket<'a> {
    pub(super) source: Source,
    /// In the sender's timeline.
    pub(super) timestamp: u32,
    pub(super) codec: Codec,
    pub(super) payload: &'a [u8],
}

impl Announced {
    fn samples(&self) -> u32 {
        self.ptime.as_millis() as u32 * SAMPLES_PER_MS
    }
}

impl Silence {
    /// Goes on to the packet after this one.
    fn advance(&mut self) {
        self.due += self.next.ptime;
        self.next.timestamp = self.next.timestamp.wrapping_add(self.next.samples());
    }
}

impl SilenceFill {
    pub(super) fn new() -> Self {
        Self { generator: NoiseGenerator::new(), silence: None, frame: Vec::new() }
    }

    /// The sender announces that it falls silent, or says how loud its silence is by now. Returns the
    /// noise that takes the announcement's place, if there is none there yet.
    pub(super) fn announced(
        &mut self,
        now: Instant,
        announced: Announced,
        payload: &[u8],
    ) -> Option<&[u8]> {
        self.generator.set_level_of(payload);
        if self.silence.as_ref().is_some_and(|silence| silence.next.source == announced.source) {
            return None;
        }
        let mut silence = Silence { next: announced, due: now + LAG };
        silence.advance();
        self.silence = Some(silence);
        Some(self.fill(announced))
    }

    fn fill(&mut self, packet: Announced) -> &[u8] {
        self.frame.resize(packet.samples() as usize, 0);
        self.generator.frame(packet.codec, &mut self.frame);
        &self.frame
    }

    /// The sender says something with this timestamp. Whether that is heard: noise may have taken
    /// its place already.
    pub(super) fn spoken(&mut self, timestamp: u32) -> bool {
        let Some(silence) = &self.silence else { return true };
        let overlap = silence.next.timestamp.wrapping_sub(timestamp);
        if (1..=MAX_OVERLAP * silence.next.samples()).contains(&overlap) {
            return false;
        }
        self.silence = None;
        true
    }

    /// There is nothing to fill any more.
    pub(super) fn stop(&mut self) {
        self.silence = None;
    }

    /// When [`SilenceFill::poll`] is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.silence.as_ref().map(|silence| silence.due)
    }

    /// The next packet, if it is due.
    pub(super) fn poll(&mut self, now: Instant) -> Option<NoisePacket<'_>> {
        let silence = self.silence.as_mut()?;
        while silence.due + MAX_LAG < now {
            silence.advance();
        }
        if silence.due > now {
            return None;
        }
        let packet = silence.next;
        silence.advance();
        let Announced { source, codec, timestamp, .. } = packet;
        Some(NoisePacket { source, timestamp, codec, payload: self.fill(packet) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::FRAME;

    const SOURCE: Source = Source::FarSide { stream: 1 };

    fn from(timestamp: u32, ptime: Duration) -> Announced {
        Announced { source: SOURCE, codec: Codec::Pcma, timestamp, ptime }
    }

    #[test]
    fn noise_goes_on_in_the_senders_timeline_until_it_speaks() {
        let begin = Instant::now();
        let mut fill = SilenceFill::new();
        assert!(fill.spoken(0));
        assert!(fill.announced(begin, from(1_000, FRAME), &[70]).is_some());
        let mut timestamps = Vec::new();
        for n in 1..=50 {
            let due = fill.next_deadline().unwrap();
            assert_eq!(due, begin + FRAME * n + LAG);
            assert_eq!(fill.poll(due - LAG), None);
            timestamps.extend(fill.poll(due).map(|packet| packet.timestamp));
        }
        assert!(timestamps.iter().copied().eq((1..=50).map(|n| 1_000 + n * 160)));
        // Another announcement finds its place taken.
        assert!(fill.announced(begin + FRAME * 51, from(9_160, FRAME), &[60]).is_none());
        // So does sound that comes late, but not the one after it.
        assert!(!fill.spoken(1_000 + 50 * 160));
        assert!(fill.spoken(1_000 + 51 * 160));
        assert_eq!(fill.next_deadline(), None);
    }

    #[test]
    fn the_packets_are_as_long_as_their_listener_wants_them() {
        for (millis, samples) in [(10, 80), (30, 240), (60, 480)] {
            let (begin, ptime) = (Instant::now(), Duration::from_millis(millis));
            let mut fill = SilenceFill::new();
            let first = fill.announced(begin, from(0, ptime), &[70]);
            assert_eq!(first.map(<[u8]>::len), Some(samples as usize));
            for n in 1..=10 {
                let due = fill.next_deadline().unwrap();
                assert_eq!(due, begin + ptime * n + LAG);
                let packet = fill.poll(due).unwrap();
                assert_eq!(
                    (packet.timestamp, packet.payload.len()),
                    (n * samples, samples as usize)
                );
            }
            // What is said within the last of them is not heard, and what follows it is.
            assert!(!fill.spoken(11 * samples - 40));
            assert!(fill.spoken(11 * samples));
        }
    }

    #[test]
    fn a_stall_is_made_up_for_by_a_few_packets_and_not_by_a_burst() {
        let begin = Instant::now();
        let mut fill = SilenceFill::new();
        fill.announced(begin, from(0, FRAME), &[]);
        let late = begin + Duration::from_secs(5);
        let mut last = 0;
        let mut count = 0;
        while let Some(packet) = fill.poll(late) {
            (last, count) = (packet.timestamp, count + 1);
        }
        assert!((1..=4).contains(&count), "{count} at once");
        assert!(late.duration_since(begin).as_millis() as u32 * 8 - last <= 320);
    }

    #[test]
    fn a_sender_whose_clock_stood_still_is_heard() {
        let begin = Instant::now();
        let mut fill = SilenceFill::new();
        fill.announced(begin, from(0, FRAME), &[]);
        for _ in 0..50 {
            let due = fill.next_deadline().unwrap();
            fill.poll(due);
        }
        assert!(fill.spoken(160));
    }
}
