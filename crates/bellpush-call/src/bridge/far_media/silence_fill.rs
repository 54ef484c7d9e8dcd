//! Noise in place of a silence that its sender has announced (comfort noise, RFC 3389), for a listener
//! who takes no such announcements.
//!
//! A gap in a stream is for its listener a network that has stopped: what comes after it would be
//! played later and later. So the noise stands in the sender's own timeline, and what is said next
//! follows it as it was said. Pure: it says when the next packet is due.

use std::time::{Duration, Instant};

use crate::{
    Codec,
    media::{FRAME, NoiseGenerator, Source},
};

/// 20 ms at 8 kHz.
const FRAME_SAMPLES: u32 = 160;
/// What the sender says next may come so late without noise in its place.
const LAG: Duration = Duration::from_millis(10);
/// How far it may fall behind; what is older is not made up for.
const MAX_LAG: Duration = Duration::from_millis(60);
/// Sound that the noise has overtaken by no more than this is left out.
const MAX_OVERLAP: u32 = 2 * FRAME_SAMPLES;

/// Fills the silences of one stream of G.711.
#[derive(Debug)]
pub(super) struct SilenceFill {
    generator: NoiseGenerator,
    silence: Option<Silence>,
    frame: [u8; FRAME_SAMPLES as usize],
}

#[derive(Debug)]
struct Silence {
    source: Source,
    codec: Codec,
    /// Of the next packet, in the sender's timeline.
    timestamp: u32,
    due: Instant,
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

impl SilenceFill {
    pub(super) fn new() -> Self {
        Self { generator: NoiseGenerator::new(), silence: None, frame: [0; FRAME_SAMPLES as usize] }
    }

    /// The sender announces that it falls silent, or says how loud its silence is by now. Returns the
    /// noise that takes the announcement's place, if there is none there yet.
    pub(super) fn announced(
        &mut self,
        now: Instant,
        source: Source,
        codec: Codec,
        timestamp: u32,
        payload: &[u8],
    ) -> Option<&[u8]> {
        self.generator.set_level_of(payload);
        if self.silence.as_ref().is_some_and(|silence| silence.source == source) {
            return None;
        }
        let timestamp = timestamp.wrapping_add(FRAME_SAMPLES);
        self.silence = Some(Silence { source, codec, timestamp, due: now + FRAME + LAG });
        self.generator.frame(codec, &mut self.frame);
        Some(&self.frame)
    }

    /// The sender says something with this timestamp. Whether that is heard: noise may have taken
    /// its place already.
    pub(super) fn spoken(&mut self, timestamp: u32) -> bool {
        let Some(silence) = &self.silence else { return true };
        let overlap = silence.timestamp.wrapping_sub(timestamp);
        if (1..=MAX_OVERLAP).contains(&overlap) {
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
        let Silence { source, codec, timestamp, due } = self.silence.as_mut()?;
        while *due + MAX_LAG < now {
            *due += FRAME;
            *timestamp = timestamp.wrapping_add(FRAME_SAMPLES);
        }
        if *due > now {
            return None;
        }
        let packet = (*source, *timestamp, *codec);
        *due += FRAME;
        *timestamp = timestamp.wrapping_add(FRAME_SAMPLES);
        let (source, timestamp, codec) = packet;
        self.generator.frame(codec, &mut self.frame);
        Some(NoisePacket { source, timestamp, codec, payload: &self.frame })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Source = Source::FarSide { stream: 1 };

    #[test]
    fn noise_goes_on_in_the_senders_timeline_until_it_speaks() {
        let begin = Instant::now();
        let mut fill = SilenceFill::new();
        assert!(fill.spoken(0));
        assert!(fill.announced(begin, SOURCE, Codec::Pcma, 1_000, &[70]).is_some());
        let mut timestamps = Vec::new();
        for n in 1..=50 {
            let due = fill.next_deadline().unwrap();
            assert_eq!(due, begin + FRAME * n + LAG);
            assert_eq!(fill.poll(due - LAG), None);
            timestamps.extend(fill.poll(due).map(|packet| packet.timestamp));
        }
        assert!(timestamps.iter().copied().eq((1..=50).map(|n| 1_000 + n * 160)));
        // Another announcement finds its place taken.
        assert!(fill.announced(begin + FRAME * 51, SOURCE, Codec::Pcma, 9_160, &[60]).is_none());
        // So does sound that comes late, but not the one after it.
        assert!(!fill.spoken(1_000 + 50 * 160));
        assert!(fill.spoken(1_000 + 51 * 160));
        assert_eq!(fill.next_deadline(), None);
    }

    #[test]
    fn a_stall_is_made_up_for_by_a_few_packets_and_not_by_a_burst() {
        let begin = Instant::now();
        let mut fill = SilenceFill::new();
        fill.announced(begin, SOURCE, Codec::Pcmu, 0, &[]);
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
        fill.announced(begin, SOURCE, Codec::Pcma, 0, &[]);
        for _ in 0..50 {
            let due = fill.next_deadline().unwrap();
            fill.poll(due);
        }
        assert!(fill.spoken(160));
    }
}
