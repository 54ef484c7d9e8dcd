//! How both sides are received, taken every few seconds.

use std::time::{Duration, Instant};

use bellpush_core::quality::{CallSide, QualitySample};

use crate::media::{Reception, sample};

/// Takes samples at even times. Without an interval it never does.
#[derive(Debug)]
pub(super) struct Sampler {
    every: Option<Duration>,
    last: Instant,
    visitor: Totals,
    far_side: Totals,
}

/// What had been received and lost when the last sample was taken.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    received: u64,
    lost: u64,
}

impl Sampler {
    pub(super) fn new(now: Instant, every: Option<Duration>) -> Self {
        Self { every, last: now, visitor: Totals::default(), far_side: Totals::default() }
    }

    /// When the next samples are due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        Some(self.last + self.every?)
    }

    /// The samples that are due, of the sides that were ever heard. A side has its reception, and the
    /// round trip to it.
    pub(super) fn take(
        &mut self,
        now: Instant,
        visitor: (&Reception, Option<Duration>),
        far_side: Option<(&Reception, Option<Duration>)>,
    ) -> [Option<QualitySample>; 2] {
        if self.next_deadline().is_none_or(|due| now < due) {
            return [None, None];
        }
        let span = now.saturating_duration_since(self.last);
        self.last = now;
        let visitor = self.visitor.advance(CallSide::Visitor, span, visitor);
        let far_side =
            far_side.and_then(|far_side| self.far_side.advance(CallSide::FarSide, span, far_side));
        [visitor, far_side]
    }

    /// Another far side is called.
    pub(super) fn dial(&mut self) {
        self.far_side = Totals::default();
    }
}

impl Totals {
    fn advance(
        &mut self,
        side: CallSide,
        span: Duration,
        (reception, round_trip): (&Reception, Option<Duration>),
    ) -> Option<QualitySample> {
        let before = *self;
        *self = Self { received: reception.received(), lost: reception.lost() };
        if self.received == 0 {
            return None;
        }
        // A packet that comes late makes up for one that had been lost.
        let count = |now: u64, before: u64| u32::try_from(now.saturating_sub(before)).ok();
        let packets = count(self.received, before.received).unwrap_or(u32::MAX);
        let lost = count(self.lost, before.lost).unwrap_or(u32::MAX);
        Some(sample(side, span, (packets, lost), reception.jitter(), round_trip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    #[test]
    fn a_sample_says_what_came_since_the_one_before() {
        let begin = Instant::now();
        let mut sampler = Sampler::new(begin, Some(150 * FRAME));
        let mut reception = Reception::new(8_000);
        let mut samples = Vec::new();
        for n in 0..600_u32 {
            let now = begin + FRAME * n;
            // One in ten is lost in the second half.
            if n < 300 || n % 10 != 3 {
                reception.packet(now, 65_536 + u64::from(n), n * 160);
            }
            let [visitor, far_side] = sampler.take(now, (&reception, Some(30 * FRAME / 20)), None);
            assert_eq!(far_side, None);
            samples.extend(visitor);
        }
        assert_eq!(samples.len(), 3, "{samples:?}");
        assert!(samples.iter().all(|sample| sample.span_ms == 3_000));
        assert_eq!((samples[0].packets, samples[0].lost), (151, 0));
        assert_eq!((samples[2].packets, samples[2].lost), (135, 15));
        assert!(samples[2].mos < samples[0].mos);
        assert_eq!(samples[0].round_trip_ms, Some(30.0));
    }

    #[test]
    fn who_falls_silent_has_samples_without_a_score_and_who_was_never_heard_has_none() {
        let begin = Instant::now();
        let mut sampler = Sampler::new(begin, Some(FRAME));
        let mut reception = Reception::new(8_000);
        assert_eq!(sampler.take(begin + FRAME, (&reception, None), None), [None, None]);
        reception.packet(begin + FRAME, 65_536, 0);
        assert!(sampler.take(begin + 2 * FRAME, (&reception, None), None)[0].is_some());
        let silent = sampler.take(begin + 3 * FRAME, (&reception, None), None)[0].unwrap();
        assert_eq!((silent.packets, silent.lost, silent.mos), (0, 0, None));
        assert_eq!(Sampler::new(begin, None).next_deadline(), None);
    }
}
