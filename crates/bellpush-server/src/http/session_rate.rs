//! The rate of sessions that are asked for, beside what is usual.

/// As many in a minute are never too many.
const ALWAYS_FINE: f64 = 30.0;
/// More than so many times the usual number is unusual.
const UNUSUAL: f64 = 4.0;
/// Minutes over which is learned what is usual.
const MEMORY: f64 = 60.0;

/// Counts by the minute, and learns what is usual.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct SessionRate {
    minute: i64,
    count: u32,
    /// The mean of a minute, of which older ones count less and less.
    usual: f64,
}

impl SessionRate {
    /// Counts one in this minute. Returns how many there are in it, in times of what is tolerated:
    /// above 1 it is unusual.
    pub(super) fn count(&mut self, minute: i64) -> f64 {
        if minute > self.minute {
            let quiet = (minute - self.minute - 1) as f64;
            self.usual += (f64::from(self.count) - self.usual) / MEMORY;
            self.usual *= (1.0 - 1.0 / MEMORY).powf(quiet);
            self.count = 0;
            self.minute = minute;
        }
        self.count = self.count.saturating_add(1);
        f64::from(self.count) / ALWAYS_FINE.max(self.usual * UNUSUAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many in each of these minutes; how many of the last minute were unusual.
    fn unusual(minutes: impl IntoIterator<Item = (i64, u32)>) -> usize {
        let mut rate = SessionRate::default();
        let mut last = 0;
        for (minute, count) in minutes {
            last = (0..count).filter(|_| rate.count(minute) > 1.0).count();
        }
        last
    }

    #[test]
    fn a_flood_is_unusual_and_a_busy_day_is_not() {
        assert_eq!(unusual([(1_000, 30)]), 0);
        assert_eq!(unusual([(1_000, 100)]), 70);
        let busy = (0..240).map(|minute| (minute, 100));
        assert_eq!(unusual(busy.clone()), 0, "a hundred a minute, for hours");
        assert_eq!(unusual(busy.clone().chain([(240, 350)])), 0, "more, but not by far");
        assert!(unusual(busy.clone().chain([(240, 1_000)])) > 500);
        assert_eq!(unusual(busy.chain([(20_000, 100)])), 70, "after a fortnight of quiet");
    }
}
