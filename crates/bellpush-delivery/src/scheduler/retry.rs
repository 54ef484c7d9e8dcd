//! What a finished attempt means for its delivery.

use std::time::Duration;

use bellpush_core::delivery::FailureClass;
use rand::{Rng, RngExt};

use super::AttemptReport;

/// `Retry-After` counts from here…
const SHORTEST_RETRY_AFTER: Duration = Duration::from_secs(1);
/// …to here; no delivery waits longer for one retry.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// When a failed delivery is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The longest wait before each retry; the wait is drawn between nothing and it (full jitter).
    /// After the last retry the delivery is dead.
    pub waits: Vec<Duration>,
    /// Attempts of a delivery whose endpoint says that it will never take it (most of 4xx), at
    /// most.
    pub attempts_when_refused: u32,
}

impl Default for RetrySchedule {
    fn default() -> Self {
        let seconds = [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200];
        Self { waits: seconds.map(Duration::from_secs).to_vec(), attempts_when_refused: 2 }
    }
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Delivered,
    Dead,
    /// Dead, and so is the endpoint (410).
    Gone,
    RetryIn(Duration),
}

impl RetrySchedule {
    /// Judges attempt `number` (from 1, since its replay if it is one) of a delivery.
    pub(super) fn judge<R: Rng>(
        &self,
        number: u32,
        report: &AttemptReport,
        rng: &mut R,
    ) -> Verdict {
        let attempts = match (report.failure, report.status) {
            (None, _) => return Verdict::Delivered,
            (Some(FailureClass::Status), Some(410)) => return Verdict::Gone,
            // Nothing was sent, and the same would come of it again.
            (Some(FailureClass::Template), _) => return Verdict::Dead,
            (Some(FailureClass::Status), Some(408 | 409 | 425 | 429)) => u32::MAX,
            (Some(FailureClass::Status), Some(400..=499)) => self.attempts_when_refused,
            _ => u32::MAX,
        };
        if number < attempts { self.retry(number, report, rng) } else { Verdict::Dead }
    }

    /// What follows attempt `number` that failed, as long as the schedule has a retry.
    pub(super) fn retry<R: Rng>(
        &self,
        number: u32,
        report: &AttemptReport,
        rng: &mut R,
    ) -> Verdict {
        let retry = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        match self.waits.get(retry) {
            Some(longest) => {
                let drawn = longest.mul_f64(rng.random_range(0.0..=1.0));
                let asked = report
                    .retry_after
                    .map(|asked| asked.clamp(SHORTEST_RETRY_AFTER, LONGEST_RETRY_AFTER));
                Verdict::RetryIn(asked.map_or(drawn, |asked| asked.max(drawn)))
            }
            None => Verdict::Dead,
        }
    }

    /// The longest that a delivery can have been told to wait.
    pub(super) fn longest_wait(&self) -> Duration {
        self.waits.iter().copied().max().unwrap_or_default().max(LONGEST_RETRY_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use bellpush_core::events::EventTime;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn report(status: Option<u16>, failure: Option<FailureClass>) -> AttemptReport {
        AttemptReport {
            started_at: EventTime::from_millis(0).unwrap(),
            duration_ms: 1,
            status,
            failure,
            detail: String::new(),
            retry_after: None,
            exchange: None,
        }
    }

    fn status(status: u16) -> AttemptReport {
        report(Some(status), Some(FailureClass::Status))
    }

    fn judge(number: u32, report: &AttemptReport) -> Verdict {
        RetrySchedule::default().judge(number, report, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn a_delivery_that_always_fails_is_dead_after_nine_attempts_within_the_schedule() {
        let mut rng = StdRng::seed_from_u64(7);
        let schedule = RetrySchedule::default();
        for _ in 0..1_000 {
            for (number, longest) in (1..).zip(&schedule.waits) {
                match schedule.judge(number, &status(500), &mut rng) {
                    Verdict::RetryIn(wait) => assert!(wait <= *longest),
                    other => panic!("attempt {number}: {other:?}"),
                }
            }
            assert_eq!(schedule.judge(9, &status(500), &mut rng), Verdict::Dead);
        }
    }

    #[test]
    fn the_wait_is_spread_over_the_whole_interval() {
        let mut rng = StdRng::seed_from_u64(7);
        let schedule = RetrySchedule::default();
        let mut thirds = [0; 3];
        for _ in 0..300 {
            if let Verdict::RetryIn(wait) = schedule.judge(3, &status(500), &mut rng) {
                thirds[(wait.as_secs() / 40).min(2) as usize] += 1;
            }
        }
        assert!(thirds.iter().all(|count| *count > 60), "{thirds:?}");
    }

    #[test]
    fn an_endpoint_that_refuses_is_asked_twice_and_one_that_asks_for_patience_is_not() {
        for refused in [400, 401, 403, 404, 405, 413, 422, 451, 499] {
            assert!(matches!(judge(1, &status(refused)), Verdict::RetryIn(_)), "{refused}");
            assert_eq!(judge(2, &status(refused)), Verdict::Dead, "{refused}");
        }
        for patient in [301, 302, 408, 409, 425, 429, 500, 502, 503] {
            assert!(matches!(judge(8, &status(patient)), Verdict::RetryIn(_)), "{patient}");
        }
        assert_eq!(judge(1, &status(410)), Verdict::Gone);
        assert_eq!(judge(1, &report(None, Some(FailureClass::Template))), Verdict::Dead);
        assert_eq!(judge(3, &report(Some(204), None)), Verdict::Delivered);
        let no_body = report(Some(200), Some(FailureClass::TimedOut));
        assert!(matches!(judge(2, &no_body), Verdict::RetryIn(_)));
    }

    #[test]
    fn retry_after_is_honoured_from_a_second_to_a_day() {
        for (asked, least) in [(0, 1), (90, 90), (1_000_000, 86_400)] {
            let mut busy = status(503);
            busy.retry_after = Some(Duration::from_secs(asked));
            let Verdict::RetryIn(wait) = judge(1, &busy) else { panic!("not retried") };
            assert!(wait >= Duration::from_secs(least), "{asked}: {wait:?}");
            assert!(wait <= Duration::from_secs(least.max(5)), "{asked}: {wait:?}");
        }
    }
}
