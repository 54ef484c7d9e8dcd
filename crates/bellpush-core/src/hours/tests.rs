use chrono::{Datelike, NaiveDate, TimeZone as _, Timelike};
use jiff::{Timestamp, civil::Weekday};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn hours(value: serde_json::Value) -> BusinessHours {
    let hours: BusinessHours = serde_json::from_value(value).unwrap();
    hours.check("").unwrap();
    hours
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A shop in Berlin: lunch break, a long Friday night, a holiday.
fn shop() -> BusinessHours {
    hours(json!({
        "timeZone": "Europe/Berlin",
        "week": {
            "monday": [{ "from": "09:00", "to": "12:30" }, { "from": "13:30", "to": "18:00" }],
            "friday": [{ "from": "22:00", "to": "02:00" }],
        },
        "exceptions": [
            { "date": "2026-12-28", "label": "Between the years" },
            { "date": "2027-01-04", "label": "Stocktaking", "windows": [{ "from": "15:00", "to": "16:00" }] },
        ],
    }))
}

#[test]
fn a_day_has_several_windows_and_a_night_belongs_to_the_day_it_begins_on() {
    let shop = shop();
    for (instant, open, until) in [
        // Monday, in winter one hour ahead of UTC.
        ("2026-11-30T07:59:59Z", false, "2026-11-30T08:00:00Z"),
        ("2026-11-30T08:00:00Z", true, "2026-11-30T11:30:00Z"),
        ("2026-11-30T11:30:00Z", false, "2026-11-30T12:30:00Z"),
        ("2026-11-30T16:59:59Z", true, "2026-11-30T17:00:00Z"),
        // From Monday evening to Friday night, and over midnight into Saturday.
        ("2026-11-30T17:00:00Z", false, "2026-12-04T21:00:00Z"),
        ("2026-12-05T00:59:59Z", true, "2026-12-05T01:00:00Z"),
        ("2026-12-05T01:00:00Z", false, "2026-12-07T08:00:00Z"),
        // In summer two hours ahead.
        ("2026-07-06T07:00:00Z", true, "2026-07-06T10:30:00Z"),
    ] {
        let until = Some(at(until));
        assert_eq!(shop.span(at(instant)), Span { open, until }, "{instant}");
    }
}

#[test]
fn an_exception_takes_the_place_of_the_week() {
    let shop = shop();
    let holiday = at("2026-12-28T09:00:00Z");
    assert_eq!(shop.exception_at(holiday).unwrap().label, "Between the years");
    assert_eq!(shop.span(holiday).until, Some(at("2027-01-01T21:00:00Z")));
    let stocktaking = shop.span(at("2027-01-04T09:00:00Z"));
    assert_eq!(stocktaking, Span { open: false, until: Some(at("2027-01-04T14:00:00Z")) });
    assert_eq!(shop.exception_at(at("2026-12-29T09:00:00Z")), None);
}

#[test]
fn an_hour_that_is_skipped_is_never_open_and_one_that_comes_twice_is_open_twice() {
    let night = hours(json!({
        "timeZone": "Europe/Berlin",
        "week": { "sunday": [{ "from": "02:15", "to": "02:45" }] },
    }));
    // 29 March 2026: from 02:00 to 03:00 at 01:00 UTC.
    let spring = night.span(at("2026-03-29T00:00:00Z"));
    assert_eq!(spring, Span { open: false, until: Some(at("2026-04-05T00:15:00Z")) });
    // 25 October 2026: from 03:00 back to 02:00 at 01:00 UTC.
    for (instant, open, until) in [
        ("2026-10-25T00:00:00Z", false, "2026-10-25T00:15:00Z"),
        ("2026-10-25T00:15:00Z", true, "2026-10-25T00:45:00Z"),
        ("2026-10-25T00:45:00Z", false, "2026-10-25T01:15:00Z"),
        ("2026-10-25T01:15:00Z", true, "2026-10-25T01:45:00Z"),
    ] {
        let until = Some(at(until));
        assert_eq!(night.span(at(instant)), Span { open, until }, "{instant}");
    }
    // A window that begins within the skipped hour begins where the clock goes on.
    let later = hours(json!({
        "timeZone": "Europe/Berlin",
        "week": { "sunday": [{ "from": "02:30", "to": "04:00" }] },
    }));
    assert_eq!(later.span(at("2026-03-29T00:00:00Z")).until, Some(at("2026-03-29T01:00:00Z")));
}

#[test]
fn what_never_changes_says_so() {
    let now = at("2026-11-24T12:00:00Z");
    let always = hours(json!({ "timeZone": "UTC", "alwaysOpen": true }));
    assert_eq!(always.span(now), Span { open: true, until: None });
    let never = hours(json!({ "timeZone": "UTC" }));
    assert_eq!(never.span(now), Span { open: false, until: None });
    let far = hours(json!({
        "timeZone": "UTC",
        "exceptions": [
            { "date": "2027-06-01", "label": "Fair", "windows": [{ "from": "00:00", "to": "24:00" }] },
        ],
    }));
    assert_eq!(far.span(now).until, Some(at("2027-06-01T00:00:00Z")));
    let holiday = hours(json!({
        "timeZone": "UTC",
        "alwaysOpen": true,
        "exceptions": [{ "date": "2026-12-25", "until": "2026-12-26", "label": "Christmas" }],
    }));
    assert_eq!(holiday.span(now).until, Some(at("2026-12-25T00:00:00Z")));
    let closed = holiday.span(at("2026-12-26T23:59:59Z"));
    assert_eq!(closed, Span { open: false, until: Some(at("2026-12-27T00:00:00Z")) });
    // At the ends of time there is an answer as well.
    assert!(!shop().span(Timestamp::MAX).open);
    assert!(!shop().span(Timestamp::MIN).open);
}

#[test]
fn what_cannot_be_meant_is_refused_by_its_place() {
    let window = |from: &str, to: &str| json!({ "from": from, "to": to });
    for (pointer, change) in [
        ("/week/monday/0", json!({ "week": { "monday": [window("09:00", "09:00")] } })),
        ("/week/monday/0", json!({ "week": { "monday": [window("24:00", "02:00")] } })),
        (
            "/week/monday/1",
            json!({ "week": { "monday": [window("09:00", "12:00"), window("11:59", "13:00")] } }),
        ),
        (
            "/week/friday/1",
            json!({ "week": { "friday": [window("20:00", "02:00"), window("23:00", "23:30")] } }),
        ),
        ("/week", json!({ "alwaysOpen": true, "week": { "monday": [window("09:00", "10:00")] } })),
        ("/exceptions/0/label", json!({ "exceptions": [{ "date": "2026-12-24", "label": " " }] })),
        (
            "/exceptions/0/until",
            json!({ "exceptions": [{ "date": "2026-12-24", "until": "2026-12-23", "label": "x" }] }),
        ),
        (
            "/exceptions/1/date",
            json!({ "exceptions": [
                { "date": "2026-12-24", "until": "2026-12-26", "label": "x" },
                { "date": "2026-12-26", "label": "y" },
            ] }),
        ),
        (
            "/exceptions/0/windows/0",
            json!({ "exceptions": [{ "date": "2026-12-24", "label": "x", "windows": [window("10:00", "10:00")] }] }),
        ),
    ] {
        let mut value = json!({ "timeZone": "UTC" });
        for (field, part) in change.as_object().unwrap() {
            value[field] = part.clone();
        }
        let hours: BusinessHours = serde_json::from_value(value).unwrap();
        assert_eq!(hours.check("").unwrap_err().pointer, pointer);
    }
    for text in ["9:00", "09:60", "24:01", "25:00", "09-00", "", "0900", "+9:00"] {
        assert!(text.parse::<TimeOfDay>().is_err(), "{text} was accepted");
    }
    for text in ["Europe/Atlantis", "", "Berlin", "+01:00", "../etc/passwd"] {
        assert!(text.parse::<Zone>().is_err(), "{text} was accepted");
    }
    let zone: Zone = "Asia/Kathmandu".parse().unwrap();
    assert_eq!(serde_json::to_value(&zone).unwrap(), "Asia/Kathmandu");
}

/// Zones with all sorts of clocks: half hours, changes at midnight, a skipped day, none at all.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Havana",
    "Asia/Beirut",
];

fn windows() -> impl Strategy<Value = Vec<Window>> {
    let time = || (0_u16..=96).prop_map(|quarter| TimeOfDay::from_minutes(quarter * 15).unwrap());
    let window = (time(), time()).prop_map(|(from, to)| Window { from, to });
    proptest::collection::vec(window, 0..3)
}

fn any_hours() -> impl Strategy<Value = BusinessHours> {
    let week = proptest::array::uniform7(windows());
    let exceptions = proptest::collection::vec((0_i32..40, windows()), 0..3);
    let zone = proptest::sample::select(ZONES);
    (zone, proptest::bool::weighted(0.1), week, exceptions, instants())
        .prop_map(|(zone, always_open, week, exceptions, about)| {
            let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = week;
            let week = Week { monday, tuesday, wednesday, thursday, friday, saturday, sunday };
            let time_zone: Zone = zone.parse().unwrap();
            let date = time_zone.time_zone().to_datetime(about).date();
            let exceptions = exceptions.into_iter().map(|(days, windows)| HoursException {
                date: date.checked_add(jiff::Span::new().days(days - 20)).unwrap(),
                until: None,
                label: "x".into(),
                windows,
            });
            BusinessHours {
                time_zone,
                always_open,
                week: if always_open { Week::default() } else { week },
                exceptions: exceptions.collect(),
            }
        })
        .prop_filter("it can be saved", |hours| hours.check("").is_ok())
}

/// Within years that no later edition of the time-zone database changes.
fn instants() -> impl Strategy<Value = Timestamp> {
    // Half of them close to a change of some clock, in minutes since the epoch.
    let changes = proptest::sample::select(
        &[
            "2011-12-30T10:00:00Z", // Apia skips a day
            "2017-10-15T03:00:00Z", // São Paulo skips midnight
            "2018-02-18T02:00:00Z", // and comes back to it
            "2020-03-29T01:00:00Z", // Berlin
            "2020-10-25T01:00:00Z",
            "2019-04-06T15:00:00Z", // Lord Howe, half an hour
            "2019-10-05T15:30:00Z",
            "2021-03-14T05:00:00Z", // Havana, at midnight
            "2021-11-07T05:00:00Z",
        ][..],
    );
    let near = (changes, -2_000_i64..2_000).prop_map(|(change, minutes)| {
        at(change).checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap()
    });
    let any = (21_000_000_i64..28_000_000)
        .prop_map(|minutes| Timestamp::from_second(minutes * 60).unwrap());
    prop_oneof![near, any]
}

/// The same rule, read by another library, in the plainest way.
fn is_open_by_chrono(hours: &BusinessHours, at: Timestamp) -> bool {
    let zone: chrono_tz::Tz = hours.time_zone.name().parse().unwrap();
    let clock = zone.timestamp_opt(at.as_second(), 0).unwrap().naive_local();
    let minute = clock.hour() * 60 + clock.minute();
    let on = |date: NaiveDate| -> Vec<Window> {
        let written = date.to_string();
        let exception = hours.exceptions.iter().find(|one| one.date.to_string() == written);
        match exception {
            Some(exception) => exception.windows.clone(),
            None if hours.always_open => vec![Window {
                from: TimeOfDay::from_minutes(0).unwrap(),
                to: TimeOfDay::from_minutes(1440).unwrap(),
            }],
            None => {
                let number = date.weekday().num_days_from_monday() as i8;
                hours.week.on(Weekday::from_monday_zero_offset(number).unwrap()).to_vec()
            }
        }
    };
    let bounds = |window: &Window| {
        let (from, to) = (u32::from(window.from.minutes()), u32::from(window.to.minutes()));
        (from, if to < from { to + 1440 } else { to })
    };
    let within = |windows: Vec<Window>, minute: u32| {
        windows.iter().map(bounds).any(|(from, to)| from <= minute && minute < to)
    };
    let date = clock.date();
    within(on(date), minute) || within(on(date.pred_opt().unwrap()), minute + 1440)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn another_library_agrees_on_what_is_open(hours in any_hours(), at in instants()) {
        prop_assert_eq!(hours.is_open(at), is_open_by_chrono(&hours, at));
    }

    #[test]
    fn nothing_changes_before_the_next_change(hours in any_hours(), at in instants()) {
        let Span { open, until } = hours.span(at);
        // Ten days in steps of five minutes, which every clock and window change at.
        let step = 300;
        let first = at.as_second().div_euclid(step) + 1;
        let changed = (first..first + 10 * 288)
            .map(|n| Timestamp::from_second(n * step).unwrap())
            .find(|at| is_open_by_chrono(&hours, *at) != open);
        match changed {
            Some(changed) => prop_assert_eq!(until, Some(changed)),
            None => prop_assert!(until.is_none_or(|until| until.as_second() > at.as_second() + 9 * 86_400)),
        }
    }
}
