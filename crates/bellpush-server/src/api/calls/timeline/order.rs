//! One order of all that happened in a call.
//!
//! What the call's process saw comes in the order in which it saw it. What others did, such as
//! deliveries, is placed among it by time, and never before what brought it about.

use bellpush_core::ids::EventId;

/// Something with its time, in microseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Timed<T> {
    pub(super) at: i64,
    /// Its place in the order of the process; `None` of what others did.
    pub(super) seq: Option<u64>,
    pub(super) what: T,
}

/// Something that the process did not see.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Other<T> {
    pub(super) at: i64,
    /// The event without which it could not be.
    pub(super) after: Option<EventId>,
    pub(super) what: T,
}

/// Puts all into one order. `seen` is in the order of the process; `event` tells the event that
/// something is. Of others at the same time, the first given comes first.
pub(super) fn ordered<T>(
    seen: Vec<Timed<T>>,
    others: Vec<Other<T>>,
    event: impl Fn(&T) -> Option<EventId>,
) -> Vec<Timed<T>> {
    let place = |id: EventId| seen.iter().position(|item| event(&item.what) == Some(id));
    let mut keyed: Vec<_> = others
        .into_iter()
        .enumerate()
        .map(|(n, other)| {
            let before = seen.iter().rposition(|item| item.at <= other.at).map_or(0, |at| at + 1);
            let brought_about = other.after.and_then(place).map_or(0, |at| at + 1);
            let slot = before.max(brought_about);
            ((slot, 1, other.at, n), Timed { at: other.at, seq: None, what: other.what })
        })
        .collect();
    let places = seen.into_iter().enumerate();
    keyed.extend(places.map(|(n, item)| ((n + 1, 0, item.at, n), item)));
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn event_id(n: u64) -> EventId {
        EventId::from_uuid(Uuid::from_u64_pair(0x0192_0000_0000_7000, 0x8000 << 48 | n)).unwrap()
    }

    fn seen(seq: u64, at: i64, what: &str) -> Timed<String> {
        Timed { at, seq: Some(seq), what: what.into() }
    }

    fn names(items: &[Timed<String>]) -> Vec<&str> {
        items.iter().map(|item| &*item.what).collect()
    }

    #[allow(clippy::ptr_arg)]
    fn event(what: &String) -> Option<EventId> {
        what.strip_prefix("event ").map(|n| event_id(n.parse().unwrap()))
    }

    #[test]
    fn others_stand_where_their_time_is_among_what_the_process_saw() {
        let seen = vec![seen(1, 100, "INVITE"), seen(2, 200, "180"), seen(3, 300, "200")];
        let other = |at, what: &str| Other { at, after: None, what: what.into() };
        let others = vec![other(250, "lost 6 %"), other(50, "consent"), other(200, "delivery")];
        let ordered = ordered(seen, others, event);
        let expected = ["consent", "INVITE", "180", "delivery", "lost 6 %", "200"];
        assert_eq!(names(&ordered), expected);
    }

    #[test]
    fn nothing_stands_before_what_brought_it_about_whatever_the_clocks_say() {
        let seen = vec![seen(1, 100, "event 7"), seen(2, 900, "BYE")];
        let after = Some(event_id(7));
        let others = vec![Other { at: 40, after, what: "attempt".into() }];
        assert_eq!(names(&ordered(seen, others, event)), ["event 7", "attempt", "BYE"]);
    }

    #[test]
    fn a_clock_that_was_put_back_changes_nothing_in_the_order_of_the_process() {
        let seen = vec![seen(1, 500, "a"), seen(2, 100, "b"), seen(3, 600, "c")];
        let ordered = ordered(seen, Vec::new(), event);
        assert_eq!(names(&ordered), ["a", "b", "c"]);
    }

    proptest! {
        #[test]
        fn all_is_there_once_and_what_was_seen_keeps_its_order(
            times in proptest::collection::vec(0_i64..50, 0..20),
            others in proptest::collection::vec((0_i64..60, any::<bool>()), 0..20),
        ) {
            let seen: Vec<_> = (0..).zip(&times).map(|(n, at)| seen(n, *at, &format!("event {n}"))).collect();
            let others: Vec<_> = others
                .iter()
                .map(|(at, after)| Other { at: *at, after: after.then(|| event_id(3)), what: "x".into() })
                .collect();
            let total = seen.len() + others.len();
            let ordered = ordered(seen, others, event);
            prop_assert_eq!(ordered.len(), total);
            let seqs: Vec<_> = ordered.iter().filter_map(|item| item.seq).collect();
            prop_assert!(seqs.is_sorted());
        }
    }
}
