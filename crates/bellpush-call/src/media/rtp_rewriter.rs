//! One continuous RTP stream out of several sources.
//!
//! The browser hears one stream: its sequence numbers and timestamps run on when what feeds it
//! changes from the greeting to the echo. Loss and reordering within a source stay visible, as the
//! browser's own concealment needs to know of them.

use std::{collections::VecDeque, time::Instant};

use super::FRAME_SAMPLES;

/// How many packets left out may still be followed by late packets from before them.
const REMEMBERED_SKIPS: usize = 64;
const SAMPLES_PER_SECOND: u128 = 48_000;

/// What feeds the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The demo's greeting.
    Greeting,
    /// The visitor's own voice.
    Visitor {
        /// The browser's SSRC: a new one is a new source.
        ssrc: u32,
    },
}

/// Where a packet stands in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RtpTimes {
    /// The sequence number, extended over its 16 bits so that it does not wrap around.
    pub(crate) seq: u64,
    /// The timestamp; it wraps around.
    pub(crate) timestamp: u32,
    /// Whether it is the first packet after a pause.
    pub(crate) marker: bool,
}

/// Numbers the packets of one outgoing stream.
#[derive(Debug)]
pub(crate) struct RtpRewriter {
    start: RtpTimes,
    last: Option<(RtpTimes, Instant)>,
    feed: Option<Feed>,
}

/// How the numbers of the present source become those of the stream.
#[derive(Debug)]
struct Feed {
    source: Source,
    first_seq: u64,
    first_seq_out: u64,
    timestamp_offset: u32,
    highest_seq: u64,
    /// Numbers of packets left out, ascending, which later packets move up into.
    skips: VecDeque<u64>,
    /// How many more were left out before those, all of them below `forgotten_below`.
    forgotten: u64,
    forgotten_below: u64,
}

impl RtpRewriter {
    /// A stream that starts at these numbers, which should be random (RFC 3550 section 5.1).
    pub(crate) fn new(seq: u16, timestamp: u32) -> Self {
        let start = RtpTimes { seq: seq.into(), timestamp, marker: true };
        Self { start, last: None, feed: None }
    }

    /// The numbers that a packet of this source goes out with. `None` for one that belongs before
    /// the source was switched to: its place is taken.
    pub(crate) fn rewrite(
        &mut self,
        now: Instant,
        source: Source,
        packet: RtpTimes,
    ) -> Option<RtpTimes> {
        let (feed, switched) = match &mut self.feed {
            Some(feed) if feed.source == source => (feed, false),
            feed => {
                let first_out = next_times(self.start, self.last, now);
                (feed.insert(Feed::new(source, packet, first_out)), true)
            }
        };
        let seq = feed.seq_out(packet.seq)?;
        let timestamp = packet.timestamp.wrapping_add(feed.timestamp_offset);
        let times = RtpTimes { seq, timestamp, marker: packet.marker || switched };
        feed.highest_seq = feed.highest_seq.max(packet.seq);
        if self.last.is_none_or(|(last, _)| seq > last.seq) {
            self.last = Some((times, now));
        }
        Some(times)
    }

    /// Leaves a packet out, so that the ones after it close up and no loss is seen.
    pub(crate) fn skip(&mut self, source: Source, seq: u64) {
        let Some(feed) = self.feed.as_mut().filter(|feed| feed.source == source) else {
            return;
        };
        // One that comes late can't be closed up any more: packets after it have gone out.
        if seq > feed.highest_seq {
            feed.highest_seq = seq;
            feed.skips.push_back(seq);
            if feed.skips.len() > REMEMBERED_SKIPS {
                feed.forgotten += 1;
                feed.forgotten_below = feed.skips.pop_front().map_or(0, |seq| seq + 1);
            }
        }
    }
}

impl Feed {
    fn new(source: Source, first: RtpTimes, first_out: RtpTimes) -> Self {
        Self {
            source,
            first_seq: first.seq,
            first_seq_out: first_out.seq,
            timestamp_offset: first_out.timestamp.wrapping_sub(first.timestamp),
            highest_seq: first.seq,
            skips: VecDeque::new(),
            forgotten: 0,
            forgotten_below: 0,
        }
    }

    fn seq_out(&self, seq: u64) -> Option<u64> {
        if seq < self.forgotten_below {
            return None;
        }
        let skipped = self.skips.iter().take_while(|skipped| **skipped < seq).count() as u64;
        Some(seq.checked_sub(self.first_seq)? + self.first_seq_out - skipped - self.forgotten)
    }
}

/// The numbers of a new source's first packet: one after the last, and as much later as it is.
fn next_times(start: RtpTimes, last: Option<(RtpTimes, Instant)>, now: Instant) -> RtpTimes {
    let Some((last, at)) = last else {
        return start;
    };
    let elapsed = now.saturating_duration_since(at).as_micros() * SAMPLES_PER_SECOND / 1_000_000;
    // Wraps around as timestamps do.
    let samples = (elapsed as u32).max(FRAME_SAMPLES);
    RtpTimes { seq: last.seq + 1, timestamp: last.timestamp.wrapping_add(samples), marker: true }
}

#[cfg(test)]
#[path = "rtp_rewriter_tests.rs"]
mod tests;
