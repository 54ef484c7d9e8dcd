//! How long attempts took, as a histogram: four buckets for each doubling, so that a percentile is
//! wrong by less than a fifth.

use std::collections::BTreeMap;

/// A range of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket(u8);

/// Buckets for each doubling.
const PER_DOUBLING: f64 = 4.0;

impl Bucket {
    /// The bucket of a time.
    pub(crate) fn of(millis: u32) -> Self {
        if millis == 0 {
            return Self(0);
        }
        // At most 1 + 4 * 32.
        let number = (f64::from(millis).log2() * PER_DOUBLING).floor() as u8;
        Self(number.saturating_add(1))
    }

    pub(crate) const fn number(self) -> u8 {
        self.0
    }

    pub(crate) const fn numbered(number: u8) -> Self {
        Self(number)
    }

    /// Where it begins, in milliseconds.
    fn from(self) -> f64 {
        match self.0 {
            0 => 0.0,
            number => ((f64::from(number) - 1.0) / PER_DOUBLING).exp2(),
        }
    }

    /// Where the next one begins, in milliseconds.
    fn to(self) -> f64 {
        match self.0 {
            0 => 1.0,
            number => (f64::from(number) / PER_DOUBLING).exp2(),
        }
    }
}

/// How long attempts took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latency(BTreeMap<Bucket, u64>);

impl Latency {
    pub(crate) fn add(&mut self, bucket: Bucket, attempts: u64) {
        *self.0.entry(bucket).or_default() += attempts;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (bucket, attempts) in &other.0 {
            self.add(*bucket, *attempts);
        }
    }

    /// The time in milliseconds that this share of the attempts did not take longer than, from 0 to
    /// 1; `None` without attempts.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<u32> {
        let all: u64 = self.0.values().sum();
        let wanted = share.clamp(0.0, 1.0) * all as f64;
        let mut below = 0.0;
        for (bucket, attempts) in &self.0 {
            let here = *attempts as f64;
            if below + here >= wanted {
                let part = if here > 0.0 { (wanted - below) / here } else { 1.0 };
                let millis = bucket.from() + (bucket.to() - bucket.from()) * part;
                return Some(millis.floor() as u32);
            }
            below += here;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_lies_in_its_bucket() {
        for millis in (0..5_000).chain([10_000, 86_400_000, u32::MAX]) {
            let bucket = Bucket::of(millis);
            let millis = f64::from(millis);
            assert!(bucket.from() <= millis && millis < bucket.to() * 1.000_001, "{millis}");
        }
    }

    #[test]
    fn there_is_no_percentile_of_nothing() {
        assert_eq!(Latency::default().percentile(0.5), None);
    }

    proptest! {
        #[test]
        fn a_percentile_is_wrong_by_less_than_a_fifth(
            mut times in proptest::collection::vec(1..20_000_u32, 1..300),
            share in 0.01..1.0_f64,
        ) {
            let mut latency = Latency::default();
            times.iter().for_each(|millis| latency.add(Bucket::of(*millis), 1));
            times.sort_unstable();
            let rank = (share * times.len() as f64).ceil() as usize;
            let exact = f64::from(times[rank.clamp(1, times.len()) - 1]);
            let told = f64::from(latency.percentile(share).unwrap());
            prop_assert!((told - exact).abs() <= exact * 0.2 + 1.0, "{told} for {exact}");
        }
    }
}
