//! Which partitions there shall be. Pure: what there is comes in.

/// A day in milliseconds.
pub(super) const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// A time for which rows are kept has so many partitions, about: each one more makes what looks in all
/// of them slower, and with fewer, rows stay longer than they need to.
const PER_LIFETIME: u32 = 16;
/// Of rows that are kept for good.
const LONGEST_DAYS: u32 = 91;
/// What is made in time before it is needed.
const AHEAD: i64 = 2;

/// A partition: keys from one to below the other, in milliseconds since 1970 or places in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// What its name ends with.
    pub(super) label: String,
    /// `i64::MIN` for the first one.
    pub(super) from: i64,
    pub(super) to: i64,
}

/// Days that a new partition is for, where rows are kept for so many days at most; `None`: for good.
pub(super) fn days(kept: Option<u32>) -> i64 {
    i64::from(kept.map_or(LONGEST_DAYS, |days| days.div_ceil(PER_LIFETIME)).max(1))
}

/// When the period began that a time is in, of periods of so many days; they all begin at midnight, UTC.
pub(super) fn period(at: i64, days: i64) -> i64 {
    let length = days * DAY_MS;
    at.div_euclid(length) * length
}

/// Bounds of partitions that are missing: from the last one on that begins before `reached`, until two more are there
/// than that needs, beside those that a clock which was ahead has left further on. Each is `width` wide at most, and
/// ends at a multiple of `unit`, or where the next one begins.
pub(super) fn missing(spans: &[Span], reached: i64, width: i64, unit: i64) -> Vec<(i64, i64)> {
    if spans.is_empty() {
        return Vec::new();
    }
    let begun = spans.iter().filter(|span| span.from <= reached);
    let mut from = begun.map(|span| span.to).max().unwrap_or(i64::MIN);
    // After a long pause none is made that could only be empty.
    if from < reached.saturating_sub(width) {
        from = reached - reached.rem_euclid(unit);
    }
    let mut bounds = Vec::new();
    while from < reached.saturating_add(AHEAD.saturating_mul(width)) {
        let ahead = spans.iter().filter(|span| span.from >= from);
        let next = ahead.min_by_key(|span| span.from);
        if let Some(next) = next.filter(|next| next.from == from) {
            from = next.to;
            continue;
        }
        let to = from.saturating_add(width);
        let to = to - to.rem_euclid(unit);
        let to = next.map_or(to, |next| next.from.min(to));
        bounds.push((from, to));
        from = to;
    }
    bounds
}

/// The last ones of these, in order, that nothing was written to so far and that are wider than those
/// that are made now: what is in them would be kept for too long.
pub(super) fn too_wide(spans: &[Span], reached: i64, width: i64) -> &[Span] {
    let is_fine = |span: &Span| span.from <= reached || span.to - span.from <= width;
    let first = spans.iter().rposition(is_fine).map_or(0, |last| last + 1);
    spans.get(first..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(from: i64, to: i64) -> Span {
        Span { label: String::new(), from, to }
    }

    #[test]
    fn the_longer_something_is_kept_the_longer_are_its_partitions() {
        let of = [Some(1), Some(16), Some(17), Some(90), Some(365), None].map(days);
        assert_eq!(of, [1, 1, 2, 6, 23, 91]);
    }

    #[test]
    fn partitions_of_a_longer_time_are_made_anew_where_nothing_is_in_them() {
        let spans = [span(i64::MIN, 10), span(10, 100), span(100, 190), span(190, 280)];
        assert_eq!(too_wide(&spans, 20, 5), &spans[2..]);
        assert_eq!(too_wide(&spans, 20, 90), []);
        assert_eq!(too_wide(&spans, 190, 5), []);
    }

    #[test]
    fn what_a_clock_that_was_ahead_has_made_leaves_no_hole() {
        let spans = [span(i64::MIN, 10), span(40, 50), span(50, 60)];
        assert_eq!(missing(&spans, 12, 10, 1), [(10, 20), (20, 30), (30, 40)]);
        assert_eq!(missing(&spans, 22, 10, 1), [(22, 32), (32, 40)]);
        // The first one may be gone.
        assert_eq!(missing(&spans[1..], 12, 10, 10), [(10, 20), (20, 30), (30, 40)]);
    }

    proptest! {
        /// Whatever there is, and however wide new ones are: they join on to each other, none overlaps
        /// what there is, and what is written now has room.
        #[test]
        fn there_is_always_a_partition_for_what_comes_next(
            last in 0_i64..1_000, reached in 0_i64..2_000, width in 1_i64..100, unit in 1_i64..3
        ) {
            let width = width * unit;
            let last = last * unit;
            let spans = [span(i64::MIN, last)];
            let bounds = missing(&spans, reached, width, unit);
            let mut end = bounds.first().map_or(last, |first| first.0);
            prop_assert!(end >= last);
            for (from, to) in &bounds {
                prop_assert_eq!(*from, end);
                prop_assert!(to > from);
                prop_assert_eq!(to % unit, 0);
                end = *to;
            }
            prop_assert!(end >= reached + width);
            let is_covered = reached < last || bounds.iter().any(|(from, to)| (*from..*to).contains(&reached));
            prop_assert!(is_covered);
        }
    }
}
