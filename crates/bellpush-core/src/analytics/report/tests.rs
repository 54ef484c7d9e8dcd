use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::analytics::{Amounts, End, Outcome, Segment, Unreadable, bucket_of};

/// A zone with summer time, one half an hour off, one a quarter off, and one whose summer time is
/// half an hour.
const ZONES: [&str; 5] =
    ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"];

fn period(from: Date, to: Date, zone: &str) -> Period {
    Period::new(from, to, TimeZone::get(zone).unwrap()).unwrap()
}

/// A visitor's fact at a time.
#[derive(Debug, Clone)]
struct Counted {
    at: i64,
    browser: &'static str,
    page: &'static str,
    outcome: Outcome,
    amounts: Amounts,
}

fn counted(days: std::ops::Range<i64>) -> impl Strategy<Value = Counted> {
    // Around the end of summer time in Berlin, 2026-10-25.
    let midnight = date(2026, 10, 20).at(0, 0, 0, 0);
    let begin = TimeZone::UTC.to_timestamp(midnight).unwrap().as_millisecond();
    let day = 24 * HOUR_MS;
    let times = begin + days.start * day..begin + days.end * day;
    let browsers = prop_oneof![Just("Chrome"), Just("Firefox"), Just("")];
    let pages = prop_oneof![Just("https://shop.example"), Just("https://blog.example")];
    (times, browsers, pages, 0..8_u8, 0..5_000_u64).prop_map(
        |(at, browser, page, kind, seconds)| {
            let ended = |wait, grade: Option<&str>| Outcome::Over {
                end: End::Ended {
                    reason: "user_hangup".into(),
                    length: bucket_of(&crate::analytics::DURATION_BOUNDS, seconds),
                },
                wait,
                grade: grade.map(Into::into),
            };
            let (outcome, amounts) = match kind {
                0 | 1 => (Outcome::Loaded, Amounts::one()),
                2 => (Outcome::Refused { code: "microphone_denied".into() }, Amounts::one()),
                3 => (Outcome::Live, Amounts::one()),
                4 => (
                    ended(Some(1), Some("good")),
                    Amounts { seconds, wait_ms: 4_000, score: 420, scored: 1, ..Amounts::one() },
                ),
                5 => {
                    let end = End::Failed { code: "media_failed".into() };
                    (Outcome::Over { end, wait: None, grade: None }, Amounts::one())
                }
                6 => (Outcome::Rated { stars: 4 }, Amounts::one()),
                _ => (Outcome::CallbackRequested { reason: "closed".into() }, Amounts::one()),
            };
            Counted { at, browser, page, outcome, amounts }
        },
    )
}

fn segment(one: &Counted) -> Segment {
    let browser = Some(one.browser).filter(|browser| !browser.is_empty());
    Segment::default().with(Dimension::Browser, browser).with(Dimension::Page, Some(one.page))
}

/// The roll-ups of these facts, counted in groups of so many, through bytes each time.
fn rolled_up(all: &[Counted], group: usize) -> BTreeMap<i64, Vec<u8>> {
    let mut kept = BTreeMap::<i64, Vec<u8>>::new();
    for group in all.chunks(group.max(1)) {
        let mut hours = BTreeMap::<i64, Vec<_>>::new();
        for one in group {
            let (index, quarter) = Hour::of(one.at);
            let fact = (quarter, segment(one), one.outcome.clone(), one.amounts);
            hours.entry(index).or_default().push(fact);
        }
        for (index, facts) in hours {
            let mut hour =
                kept.get(&index).map_or(Ok(Hour::default()), |it| Hour::from_bytes(it)).unwrap();
            hour.count(facts);
            kept.insert(index, hour.to_bytes());
        }
    }
    kept
}

fn read(kept: &BTreeMap<i64, Vec<u8>>) -> Vec<(i64, Hour)> {
    kept.iter().map(|(index, bytes)| (*index, Hour::from_bytes(bytes).unwrap())).collect()
}

/// Loads, refused taps, calls, ratings and call-backs.
fn sums<'a>(figures: impl IntoIterator<Item = &'a Figures>) -> [u64; 6] {
    figures.into_iter().fold([0; 6], |mut all, figures| {
        let own = [
            figures.loads,
            figures.refused(),
            figures.accepted(),
            figures.rated(),
            figures.closed(),
            figures.seconds,
        ];
        all.iter_mut().zip(own).for_each(|(all, own)| *all += own);
        all
    })
}

/// The same, one by one.
fn expected<'a>(all: impl IntoIterator<Item = &'a Counted>) -> [u64; 6] {
    let (mut live, mut sums) = (BTreeMap::<_, u64>::new(), [0; 6]);
    for one in all {
        let quarter = one.at.div_euclid(QUARTER_MS);
        let key = (quarter, one.browser, one.page);
        match &one.outcome {
            Outcome::Loaded => sums[0] += 1,
            Outcome::Refused { .. } => sums[1] += 1,
            Outcome::Live => {
                *live.entry(key).or_default() += 1;
                sums[2] += 1;
            }
            Outcome::Over { .. } => {
                sums[5] += one.amounts.seconds;
                // It may be the end of one that was live.
                match live.get_mut(&key).filter(|live| **live > 0) {
                    Some(live) => *live -= 1,
                    None => sums[2] += 1,
                }
            }
            Outcome::Rated { .. } => sums[3] += 1,
            Outcome::CallbackRequested { .. } => sums[4] += 1,
        }
    }
    sums
}

proptest! {
    #[test]
    fn the_sum_of_the_bars_is_the_total_of_what_is_behind_them(
        all in proptest::collection::vec(counted(0..12), 0..200),
        group in 1..50_usize,
        zone in 0..ZONES.len(),
        chosen in prop_oneof![Just(None), Just(Some("Firefox")), Just(Some("unknown"))],
    ) {
        let period = period(date(2026, 10, 22), date(2026, 10, 28), ZONES[zone]);
        let filter = || Filter::default().with(Dimension::Browser, chosen.map(Into::into));
        let span = period.start().as_millisecond()..period.end().as_millisecond();
        let is_asked = |one: &&Counted| {
            let browser = if one.browser.is_empty() { "unknown" } else { one.browser };
            span.contains(&one.at) && chosen.is_none_or(|chosen| chosen == browser)
        };
        let behind = expected(all.iter().filter(is_asked));
        let hours = read(&rolled_up(&all, group));
        for step in [SeriesStep::Hour, SeriesStep::Day, SeriesStep::Week, SeriesStep::Month] {
            let mut series = Series::new(&boundaries(&period, step), filter());
            hours.iter().for_each(|(index, hour)| series.add(*index, hour));
            prop_assert_eq!(sums(&series.finish()), behind, "{:?}", step);
        }
        for by in Dimension::ALL {
            let mut breakdown = Breakdown::new(by, &period, filter());
            hours.iter().for_each(|(index, hour)| breakdown.add(*index, hour));
            let rows = breakdown.finish();
            prop_assert_eq!(sums(rows.iter().map(|(_, figures)| figures)), behind, "{:?}", by);
        }
        let mut heat = HeatMap::new(&period, filter());
        hours.iter().for_each(|(index, hour)| heat.add(*index, hour));
        prop_assert_eq!(sums(&heat.finish()), behind);
    }

    #[test]
    fn facts_count_the_same_in_whatever_groups_they_come(
        all in proptest::collection::vec(counted(0..1), 0..100),
        group in 1..50_usize,
    ) {
        let whole = period(date(2026, 10, 20), date(2026, 10, 20), "UTC");
        let of = |kept: &BTreeMap<i64, Vec<u8>>| {
            let mut series = Series::new(&boundaries(&whole, SeriesStep::Hour), Filter::default());
            read(kept).iter().for_each(|(index, hour)| series.add(*index, hour));
            series.finish()
        };
        prop_assert_eq!(of(&rolled_up(&all, group)), of(&rolled_up(&all, usize::MAX)));
    }

    #[test]
    fn no_bytes_break_the_reading(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Hour::from_bytes(&bytes);
    }

    #[test]
    fn a_changed_roll_up_is_read_or_refused(
        all in proptest::collection::vec(counted(0..1), 1..20),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for mut bytes in rolled_up(&all, 50).into_values() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _: Result<Hour, Unreadable> = Hour::from_bytes(&bytes);
        }
    }
}

#[test]
fn days_of_23_and_25_hours_have_as_many_bars() {
    for (day, hours) in [
        (date(2026, 3, 28), 24),
        (date(2026, 3, 29), 23),
        (date(2026, 10, 25), 25),
        (date(2026, 10, 26), 24),
    ] {
        let period = period(day, day, "Europe/Berlin");
        assert_eq!(boundaries(&period, SeriesStep::Hour).len() - 1, hours, "{day}");
        let length = period.end().duration_since(period.start());
        assert_eq!(length.as_hours(), hours as i64, "{day}");
    }
}

#[test]
fn the_hour_that_comes_twice_is_one_row_of_the_heat_map_and_two_bars_of_the_day() {
    // 2:30 in Berlin on the day on which summer time ends: first by UTC+2, then by UTC+1.
    let moments = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"];
    let facts: Vec<_> = moments
        .iter()
        .map(|moment| Counted {
            at: moment.parse::<Timestamp>().unwrap().as_millisecond(),
            browser: "Chrome",
            page: "https://shop.example",
            outcome: Outcome::Loaded,
            amounts: Amounts::one(),
        })
        .collect();
    let day = date(2026, 10, 25);
    let period = period(day, day, "Europe/Berlin");
    let hours = read(&rolled_up(&facts, 9));
    let mut heat = HeatMap::new(&period, Filter::default());
    hours.iter().for_each(|(index, hour)| heat.add(*index, hour));
    // Sunday is the last day.
    assert_eq!(heat.finish()[6 * 24 + 2].loads, 2);
    let mut series = Series::new(&boundaries(&period, SeriesStep::Hour), Filter::default());
    hours.iter().for_each(|(index, hour)| series.add(*index, hour));
    let bars: Vec<_> = series.finish().iter().map(|figures| figures.loads).collect();
    assert_eq!(bars[..5], [0, 0, 1, 1, 0]);
}

#[test]
fn a_period_is_compared_with_as_many_days_right_before() {
    let one = period(date(2026, 3, 1), date(2026, 3, 31), "Europe/Berlin");
    let before = one.before();
    assert_eq!((before.from(), before.to()), (date(2026, 1, 29), date(2026, 2, 28)));
    assert_eq!((before.end(), before.days()), (one.start(), one.days()));
}

#[test]
fn days_that_are_no_period_are_refused() {
    use crate::analytics::PeriodError;
    let new = |from, to| Period::new(from, to, TimeZone::UTC).map(|period| period.days());
    assert_eq!(new(date(2026, 1, 2), date(2026, 1, 1)), Err(PeriodError::Backwards));
    assert_eq!(new(date(2025, 1, 1), date(2026, 2, 4)), Ok(400));
    assert_eq!(new(date(2025, 1, 1), date(2026, 2, 5)), Err(PeriodError::TooLong));
    assert_eq!(new(date(1999, 12, 31), date(2000, 1, 1)), Err(PeriodError::OutOfRange));
    assert_eq!(new(date(-9999, 1, 1), date(9999, 12, 31)), Err(PeriodError::OutOfRange));
}

#[test]
fn weeks_begin_on_monday_and_months_on_the_first() {
    let period = period(date(2026, 2, 26), date(2026, 3, 10), "Europe/Berlin");
    let days = |step| {
        let zone = period.zone();
        let moments = boundaries(&period, step);
        moments.iter().map(|at| zone.to_datetime(*at).date().day()).collect::<Vec<_>>()
    };
    assert_eq!(days(SeriesStep::Week), [26, 2, 9, 11]);
    assert_eq!(days(SeriesStep::Month), [26, 1, 11]);
}
