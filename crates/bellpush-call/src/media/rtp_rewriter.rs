//! One continuous RTP stream out of several sources.
//!
//! The listener hears one stream: its sequence numbers and timestamps run on when what feeds it
//! changes, from ringing tone to voice, over hold and over a change of codec. Loss and reordering
//! within a source stay visible, as the listener's own concealment needs to know of them.

use std::{collections::VecDeque, time::Instant};

/// How many packets left out or put in may still be followed by late packets from before them.
const REMEMBERED_SHIFTS: usize = 64;
/// The least that a new source's first packet is later than what went before: a packet's sound.
const FRAMES_PER_SECOND: u32 = 50;

/// What feeds the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The demo's greeting.
    Greeting,
    /// Comfort noise made here.
    Noise,
    /// Sound that was transcoded here.
    Transcoder,
    /// The visitor's own voice.
    Visitor {
        /// The browser's SSRC: a new one is a new source.
        ssrc: u32,
    },
    /// What the trunk sends.
    FarSide {
        /// Which of its streams.
        stream: u32,
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
    clock_rate: u32,
    last: Option<(RtpTimes, Instant)>,
    mapping: Option<SourceMapping>,
}

/// How the numbers of the present source become those of the stream.
#[derive(Debug)]
struct SourceMapping {
    source: Source,
    first_seq: u64,
    first_seq_out: u64,
    timestamp_offset: u32,
    highest_seq: u64,
    /// In ascending order.
    shifts: VecDeque<SeqShift>,
    /// The sum of those before, all of them for numbers below `forgotten_below`.
    forgotten: i64,
    forgotten_below: u64,
}

/// Where the source's numbers move against the stream's.
#[derive(Debug, Clone, Copy)]
struct SeqShift {
    /// The last number that does not move.
    after: u64,
    /// 1 for a packet that was put in, -1 for one that was left out.
    by: i64,
}

impl RtpRewriter {
    /// A stream that starts at these numbers, which should be random (RFC 3550 section 5.1), with
    /// this many timestamp units in a second.
    pub(crate) fn new(seq: u16, timestamp: u32, clock_rate: u32) -> Self {
        let start = RtpTimes { seq: seq.into(), timestamp, marker: true };
        Self { start, clock_rate, last: None, mapping: None }
    }

    /// Timestamp units a second of what goes out.
    pub(crate) fn clock_rate(&self) -> u32 {
        self.clock_rate
    }

    /// The codec changes to one of this clock rate. Numbers run on; what feeds the stream counts
    /// as a new source.
    pub(crate) fn set_clock_rate(&mut self, clock_rate: u32) {
        if self.clock_rate != clock_rate {
            self.clock_rate = clock_rate;
            self.restart();
        }
    }

    /// What feeds the stream begins its numbers anew, as another source would.
    pub(crate) fn restart(&mut self) {
        self.mapping = None;
    }

    /// The numbers that a packet of this source goes out with. `None` for one that belongs before
    /// the source was switched to: its place is taken.
    pub(crate) fn rewrite(
        &mut self,
        now: Instant,
        source: Source,
        packet: RtpTimes,
    ) -> Option<RtpTimes> {
        let next = self.next_times(now);
        let (mapping, switched) = match &mut self.mapping {
            Some(mapping) if mapping.source == source => (mapping, false),
            mapping => (mapping.insert(SourceMapping::new(source, packet, next)), true),
        };
        let seq = mapping.seq_out(packet.seq)?;
        let timestamp = packet.timestamp.wrapping_add(mapping.timestamp_offset);
        let times = RtpTimes { seq, timestamp, marker: packet.marker || switched };
        mapping.highest_seq = mapping.highest_seq.max(packet.seq);
        self.remember(now, times);
        Some(times)
    }

    /// Leaves a packet out, so that the ones after it close up and no loss is seen.
    pub(crate) fn skip(&mut self, source: Source, seq: u64) {
        let Some(mapping) = self.mapping.as_mut().filter(|mapping| mapping.source == source) else {
            return;
        };
        // One that comes late can't be closed up any more: packets after it have gone out.
        if seq > mapping.highest_seq {
            mapping.highest_seq = seq;
            mapping.shift(SeqShift { after: seq, by: -1 });
        }
    }

    /// Puts a packet in between those of the source: one of a keypad press that is made here. The
    /// packets of one press share the timestamp of its first, which is passed on to the others.
    pub(crate) fn insert(&mut self, now: Instant, timestamp: Option<u32>) -> RtpTimes {
        let next = self.next_times(now);
        let seq = match &mut self.mapping {
            Some(mapping) => {
                // The next number of the source is taken; whatever carries it moves up by one.
                let seq = mapping.seq_out(mapping.highest_seq + 1).unwrap_or(next.seq);
                mapping.shift(SeqShift { after: mapping.highest_seq, by: 1 });
                seq
            }
            None => next.seq,
        };
        let marker = timestamp.is_none();
        let times = RtpTimes { seq, timestamp: timestamp.unwrap_or(next.timestamp), marker };
        self.remember(now, times);
        times
    }

    /// Puts a packet in after those of a source that has fallen silent, with a timestamp of that
    /// source. `None` when the stream is of another source by now.
    pub(crate) fn insert_for(
        &mut self,
        now: Instant,
        source: Source,
        timestamp: u32,
    ) -> Option<RtpTimes> {
        let mapping = self.mapping.as_ref().filter(|mapping| mapping.source == source)?;
        let timestamp = timestamp.wrapping_add(mapping.timestamp_offset);
        Some(RtpTimes { marker: false, ..self.insert(now, Some(timestamp)) })
    }

    fn remember(&mut self, now: Instant, times: RtpTimes) {
        if self.last.is_none_or(|(last, _)| times.seq > last.seq) {
            self.last = Some((times, now));
        }
    }

    /// The numbers of a new source's first packet: one after the last, and as much later as it is.
    fn next_times(&self, now: Instant) -> RtpTimes {
        let Some((last, at)) = self.last else {
            return self.start;
        };
        let elapsed = now.saturating_duration_since(at).as_micros();
        let units = elapsed * u128::from(self.clock_rate) / 1_000_000;
        // Wraps around as timestamps do.
        let units = (units as u32).max(self.clock_rate / FRAMES_PER_SECOND);
        RtpTimes { seq: last.seq + 1, timestamp: last.timestamp.wrapping_add(units), marker: true }
    }
}

impl SourceMapping {
    fn new(source: Source, first: RtpTimes, first_out: RtpTimes) -> Self {
        Self {
            source,
            first_seq: first.seq,
            first_seq_out: first_out.seq,
            timestamp_offset: first_out.timestamp.wrapping_sub(first.timestamp),
            highest_seq: first.seq,
            shifts: VecDeque::new(),
            forgotten: 0,
            forgotten_below: 0,
        }
    }

    fn shift(&mut self, shift: SeqShift) {
        self.shifts.push_back(shift);
        if self.shifts.len() > REMEMBERED_SHIFTS
            && let Some(oldest) = self.shifts.pop_front()
        {
            self.forgotten += oldest.by;
            self.forgotten_below = oldest.after + 1;
        }
    }

    fn seq_out(&self, seq: u64) -> Option<u64> {
        if seq < self.forgotten_below {
            return None;
        }
        let since = seq.checked_sub(self.first_seq)?;
        let shifts = self.shifts.iter().take_while(|shift| shift.after < seq).map(|shift| shift.by);
        (self.first_seq_out + since).checked_add_signed(self.forgotten + shifts.sum::<i64>())
    }
}

#[cfg(test)]
#[path = "rtp_rewriter_tests.rs"]
mod tests;
