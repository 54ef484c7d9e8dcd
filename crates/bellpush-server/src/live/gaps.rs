//! Places of the log that were passed over and may still be filled. Pure: time comes in.
//!
//! On PostgreSQL a node takes places before it commits, so that another one's later places can be
//! seen first. One that stays empty belonged to a transaction that was given up.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bellpush_core::delivery::Seq;

/// A transaction is over by then: no statement is waited for longer.
const OPEN_FOR: Duration = Duration::from_secs(30);
/// Places that are looked at again, at most. Where more are empty in a row, no transaction has them: the database
/// was told to go on with a later place.
const MAX_GAPS: usize = 2_000;

/// The places that are empty so far.
#[derive(Debug, Default)]
pub(super) struct Gaps(BTreeMap<Seq, Instant>);

impl Gaps {
    /// After a place, these were found, in their order: what lies between is empty so far.
    pub(super) fn note(&mut self, now: Instant, after: Seq, found: &[Seq]) {
        let mut expected = after.0 + 1;
        for seq in found {
            if seq.0.saturating_sub(expected) > MAX_GAPS as i64 {
                expected = seq.0;
            }
            for empty in expected..seq.0 {
                if self.0.len() >= MAX_GAPS {
                    return;
                }
                self.0.insert(Seq(empty), now);
            }
            expected = seq.0 + 1;
        }
    }

    /// The places to be looked at again.
    pub(super) fn open(&mut self, now: Instant) -> Vec<Seq> {
        self.0.retain(|_, since| now.saturating_duration_since(*since) < OPEN_FOR);
        self.0.keys().copied().collect()
    }

    /// A place was filled.
    pub(super) fn filled(&mut self, seq: Seq) {
        self.0.remove(&seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_passed_over_is_looked_at_until_it_is_filled_or_given_up() {
        let now = Instant::now();
        let mut gaps = Gaps::default();
        gaps.note(now, Seq(10), &[Seq(11), Seq(14), Seq(15), Seq(17)]);
        assert_eq!(gaps.open(now), [12, 13, 16].map(Seq));
        gaps.filled(Seq(13));
        assert_eq!(gaps.open(now + Duration::from_secs(29)), [12, 16].map(Seq));
        assert_eq!(gaps.open(now + OPEN_FOR), []);
    }

    #[test]
    fn where_the_places_go_on_much_later_nothing_is_looked_for() {
        let now = Instant::now();
        let mut gaps = Gaps::default();
        gaps.note(now, Seq(7), &[Seq(9), Seq(1_000_000_000), Seq(1_000_000_002)]);
        assert_eq!(gaps.open(now), [8, 1_000_000_001].map(Seq));
    }

    #[test]
    fn many_empty_places_fill_no_memory() {
        let now = Instant::now();
        let mut gaps = Gaps::default();
        let found: Vec<_> = (1..5_000).map(|n| Seq(2 * n)).collect();
        gaps.note(now, Seq(0), &found);
        assert_eq!(gaps.open(now).len(), MAX_GAPS);
    }
}
