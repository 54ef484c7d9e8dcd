//! When a trunk is out of order for long enough to speak of it.

use crate::events::EventTime;

/// For so long a trunk has to be down, or to be well again. A packet that was lost is no outage.
const HOLD_MS: i64 = 15_000;

/// What has become of a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutageChange {
    /// It is out of order since then.
    Began(EventTime),
    /// It is well again since then.
    Ended(EventTime),
}

/// Watches one trunk. Reads no clock: time comes in.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutageWatch {
    /// Whether it was down when it was looked at last, and since when.
    seen: Option<(bool, EventTime)>,
}

impl OutageWatch {
    /// Takes in how a trunk is, beside whether an outage of it is known that goes on.
    pub fn look(&mut self, is_down: bool, is_known: bool, now: EventTime) -> Option<OutageChange> {
        let since = match self.seen {
            // A clock may be put back.
            Some((was_down, since)) if was_down == is_down && since <= now => since,
            _ => now,
        };
        self.seen = Some((is_down, since));
        let is_held = now.millis().saturating_sub(since.millis()) >= HOLD_MS;
        match (is_down, is_known) {
            (true, false) if is_held => Some(OutageChange::Began(since)),
            (false, true) if is_held => Some(OutageChange::Ended(since)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> EventTime {
        EventTime::from_millis(seconds * 1_000).unwrap()
    }

    /// Looks each second; what has changed.
    fn changes(looks: impl IntoIterator<Item = bool>) -> Vec<OutageChange> {
        let (mut watch, mut is_known, mut changes) = (OutageWatch::default(), false, Vec::new());
        for (second, is_down) in looks.into_iter().enumerate() {
            let change = watch.look(is_down, is_known, at(second as i64));
            is_known = match change {
                Some(OutageChange::Began(_)) => true,
                Some(OutageChange::Ended(_)) => false,
                None => is_known,
            };
            changes.extend(change);
        }
        changes
    }

    #[test]
    fn an_outage_is_as_long_as_the_trunk_is_down() {
        let looks = (0..120).map(|second| (30..60).contains(&second));
        assert_eq!(changes(looks), [OutageChange::Began(at(30)), OutageChange::Ended(at(60))]);
    }

    #[test]
    fn a_trunk_that_hops_is_one_outage_or_none() {
        assert_eq!(changes((0..300).map(|second| second % 10 == 0)), []);
        // Down for long, and well for a moment now and then.
        let hopping = (0..300).map(|second| second % 30 != 0);
        assert_eq!(changes(hopping), [OutageChange::Began(at(1))]);
    }

    #[test]
    fn an_outage_that_is_known_from_before_goes_on() {
        let mut watch = OutageWatch::default();
        assert_eq!(watch.look(true, true, at(100)), None);
        assert_eq!(watch.look(false, true, at(110)), None);
        assert_eq!(watch.look(false, true, at(125)), Some(OutageChange::Ended(at(110))));
    }

    proptest! {
        #[test]
        fn outages_do_not_overlap_and_take_a_while(
            looks in proptest::collection::vec((any::<bool>(), 1_usize..40), 0..30)
        ) {
            let looks = looks.into_iter().flat_map(|(is_down, times)| std::iter::repeat_n(is_down, times));
            let mut before = None;
            for change in changes(looks) {
                let (is_down, since) = match change {
                    OutageChange::Began(since) => (true, since),
                    OutageChange::Ended(since) => (false, since),
                };
                if let Some((was_down, earlier)) = before {
                    prop_assert_ne!(was_down, is_down);
                    prop_assert!(since.millis() - EventTime::millis(earlier) >= HOLD_MS);
                } else {
                    prop_assert!(is_down);
                }
                before = Some((is_down, since));
            }
        }
    }
}
