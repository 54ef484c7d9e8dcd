//! What a receiver knows of a stream: how much is lost, and how evenly it comes (RFC 3550
//! sections 6.4.1, A.3 and A.8).

use std::time::{Duration, Instant};

/// A jump of the numbers by more is a new beginning of the stream, not loss.
const MAX_DROPOUT: u64 = 3_000;

/// Counts one incoming stream, whatever its SSRC is at the time.
#[derive(Debug)]
pub(crate) struct Reception {
    clock_rate: u32,
    run: Option<Run>,
    /// Packets that the runs before should have had.
    expected_before: u64,
    received: u64,
    /// Received, and yet of no use.
    late: u64,
    /// Expected and received before the present source.
    before_source: (u64, u64),
    /// In timestamp units.
    jitter: f64,
    /// Expected and received when it was last reported.
    reported: (u64, u64),
}

/// Numbers without a jump.
#[derive(Debug)]
struct Run {
    first: u64,
    highest: u64,
    arrived: Instant,
    timestamp: u32,
}

/// What goes into a report block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received {
    /// Loss since the last report, as a part of 256.
    pub(crate) fraction_lost: u8,
    /// Loss since the beginning of the source.
    pub(crate) lost: u64,
    /// The highest sequence number with its cycles.
    pub(crate) highest_seq: u32,
    /// In timestamp units.
    pub(crate) jitter: u32,
}

impl Reception {
    pub(crate) fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            run: None,
            expected_before: 0,
            received: 0,
            late: 0,
            before_source: (0, 0),
            jitter: 0.0,
            reported: (0, 0),
        }
    }

    /// Another SSRC is heard: what is reported begins anew (RFC 3550 section 6.4.1). To be told after
    /// [`Reception::restart`].
    pub(crate) fn begin_source(&mut self) {
        self.before_source = (self.expected(), self.received);
        self.reported = self.before_source;
    }

    /// The codec, or the sender's SSRC, changed: numbers begin anew, counts go on.
    pub(crate) fn restart(&mut self, clock_rate: u32) {
        self.expected_before = self.expected();
        self.run = None;
        self.jitter = self.jitter * f64::from(clock_rate) / f64::from(self.clock_rate.max(1));
        self.clock_rate = clock_rate;
    }

    /// A packet arrived; its number is extended over 16 bits.
    pub(crate) fn packet(&mut self, now: Instant, seq: u64, timestamp: u32) {
        if self.run.as_ref().is_some_and(|run| seq.abs_diff(run.highest) > MAX_DROPOUT) {
            self.restart(self.clock_rate);
        }
        self.received += 1;
        let Some(run) = &mut self.run else {
            self.run = Some(Run { first: seq, highest: seq, arrived: now, timestamp });
            return;
        };
        // Others share their timestamp, or came out of order: they say nothing of the rhythm.
        if seq > run.highest && timestamp != run.timestamp {
            let elapsed = now.saturating_duration_since(run.arrived).as_secs_f64();
            let sent = f64::from(timestamp.wrapping_sub(run.timestamp) as i32);
            let difference = (elapsed * f64::from(self.clock_rate) - sent).abs();
            // A pause of the sender is no jitter either.
            if difference < f64::from(self.clock_rate) {
                self.jitter += (difference - self.jitter) / 16.0;
            }
            run.arrived = now;
            run.timestamp = timestamp;
        }
        run.first = run.first.min(seq);
        run.highest = run.highest.max(seq);
    }

    /// A packet arrived whose timestamp says nothing of when it was sent: a keypad press has the
    /// time of its beginning, and may have a clock of its own.
    pub(crate) fn untimed(&mut self, now: Instant, seq: u64) {
        let timestamp = self.run.as_ref().map_or(0, |run| run.timestamp);
        self.packet(now, seq, timestamp);
    }

    /// The packet that arrived last came too late to be heard.
    pub(crate) fn unheard(&mut self) {
        self.late += 1;
    }

    /// Packets that came too late to be heard.
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    /// Packets that were received.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Packets that should have been received and were not. Those that came twice make up for it.
    pub(crate) fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// The variation of the packets' transit (RFC 3550's estimate).
    pub(crate) fn jitter(&self) -> Duration {
        Duration::from_secs_f64(self.jitter / f64::from(self.clock_rate.max(1)))
    }

    /// What to report now; loss is counted from here on for the next time. `None` when nothing was
    /// received yet.
    pub(crate) fn report(&mut self) -> Option<Received> {
        let run = self.run.as_ref()?;
        let expected = self.expected();
        let (expected_before, received_before) = self.reported;
        self.reported = (expected, self.received);
        let due = expected.saturating_sub(expected_before);
        let missing = due.saturating_sub(self.received.saturating_sub(received_before));
        let (expected_of_others, received_of_others) = self.before_source;
        let of_source = self.received - received_of_others;
        Some(Received {
            fraction_lost: (missing * 256).checked_div(due).unwrap_or(0).min(255) as u8,
            lost: (expected - expected_of_others).saturating_sub(of_source),
            highest_seq: run.highest as u32,
            jitter: self.jitter as u32,
        })
    }

    fn expected(&self) -> u64 {
        self.expected_before + self.run.as_ref().map_or(0, |run| run.highest - run.first + 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    fn receive(reception: &mut Reception, begin: Instant, n: u64, late: Duration) {
        reception.packet(begin + FRAME * n as u32 + late, 65_536 + n, (n * 160) as u32);
    }

    #[test]
    fn loss_is_reported_since_the_last_report_and_in_all() {
        let begin = Instant::now();
        let mut reception = Reception::new(8_000);
        assert_eq!(reception.report(), None);
        for n in (0..100).filter(|n| n % 4 != 1) {
            receive(&mut reception, begin, n, Duration::ZERO);
        }
        let report = reception.report().unwrap();
        assert_eq!((report.fraction_lost, report.lost), (64, 25));
        assert_eq!(report.highest_seq, 65_536 + 99);
        for n in 100..200 {
            receive(&mut reception, begin, n, Duration::ZERO);
        }
        let report = reception.report().unwrap();
        assert_eq!((report.fraction_lost, report.lost), (0, 25));
        assert_eq!(reception.received(), 175);
    }

    #[test]
    fn an_even_stream_has_no_jitter_and_an_uneven_one_has_its_own() {
        let begin = Instant::now();
        let mut even = Reception::new(8_000);
        let mut uneven = Reception::new(8_000);
        for n in 0..500 {
            receive(&mut even, begin, n, Duration::from_millis(70));
            receive(&mut uneven, begin, n, Duration::from_millis(10 * (n % 2)));
        }
        assert_eq!(even.jitter().as_micros() / 100, 0);
        // Each packet is 10 ms off the one before.
        assert!(uneven.jitter().abs_diff(Duration::from_millis(10)) < Duration::from_millis(1));
    }

    #[test]
    fn a_new_stream_is_no_loss_and_its_counts_go_on() {
        let begin = Instant::now();
        let mut reception = Reception::new(8_000);
        for n in 0..10 {
            receive(&mut reception, begin, n, Duration::ZERO);
        }
        reception.restart(48_000);
        for n in (0..10).filter(|n| *n != 5) {
            reception.packet(begin + FRAME * (10 + n), 900_000 + u64::from(n), n * 960);
        }
        // A jump that nobody told of.
        reception.packet(begin + FRAME * 30, 70_000, 5);
        assert_eq!((reception.received(), reception.lost()), (20, 1));
    }

    #[test]
    fn of_another_source_its_own_loss_is_reported_and_all_is_counted() {
        let begin = Instant::now();
        let mut reception = Reception::new(8_000);
        for n in (0..100).filter(|n| n % 4 != 1) {
            receive(&mut reception, begin, n, Duration::ZERO);
        }
        reception.restart(8_000);
        reception.begin_source();
        for n in (0..100).filter(|n| n % 10 != 1) {
            receive(&mut reception, begin + 100 * FRAME, n, Duration::ZERO);
        }
        let report = reception.report().unwrap();
        assert_eq!((report.fraction_lost, report.lost), (25, 10));
        assert_eq!((reception.received(), reception.lost()), (165, 35));
    }

    proptest! {
        #[test]
        fn whatever_arrives_counts_stay_whole(
            packets in proptest::collection::vec((any::<u64>(), any::<u32>(), 0_u64..100), 0..100),
        ) {
            let mut now = Instant::now();
            let mut reception = Reception::new(8_000);
            for (seq, timestamp, later) in &packets {
                now += Duration::from_millis(*later);
                reception.packet(now, seq % (1 << 48), *timestamp);
                reception.report();
            }
            prop_assert_eq!(reception.received(), packets.len() as u64);
            prop_assert!(reception.jitter() < Duration::from_secs(1));
        }
    }
}
