//! Business hours as their owner writes them, and what is refused when they are saved.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::{
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{field_error::FieldError, schema::described};

/// Windows in one day, at most.
const MAX_WINDOWS: usize = 12;
/// Exceptions, at most.
const MAX_EXCEPTIONS: usize = 366;
/// Days that one exception may last, at most.
const MAX_EXCEPTION_DAYS: i32 = 366;
/// A time of the day as a regular expression.
const TIME_PATTERN: &str = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";
/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// When calls are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BusinessHours {
    /// The zone whose clock the windows are read by: a name of the IANA database.
    pub time_zone: Zone,
    /// Open round the clock, but for exceptions; `week` is empty then.
    #[serde(default)]
    pub always_open: bool,
    /// The windows of each day of the week.
    #[serde(default)]
    pub week: Week,
    /// Dates on which other windows hold, or none: holidays, for example.
    #[cfg_attr(feature = "openapi", schema(max_items = 366))]
    #[serde(default)]
    pub exceptions: Vec<HoursException>,
}

/// The windows of each day of the week. A day that is left out is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Week {
    /// Windows that begin on a Monday.
    #[cfg_attr(feature = "openapi", schema(max_items = 12))]
    pub monday: Vec<Window>,
    /// Windows that begin on a Tuesday.
    #[cfg_attr(feature = "openapi", schema(max_items = 12))]
    pub tuesday: Vec<Window>,
    /// Windows that begin on a Wednesday.
    #[cfg_attr(feature = "openapi", schema(max_items = 12))]
    pub wednesday: Vec<Window>,
    /// Windows that begin on a Thursday.
    #[cfg_attr(feature = "openapi", schema(max_items = 12))]
    pub thursday: Vec<Window>,
    /// Windows that begin on a Friday.
    #[cfg_attr(feature = "openapi", schema(max_items = 12))]
    pub friday: Vec<Window>,
    /// Windows that begin on a Saturday.
    #[cfg_attr(feature = "openapi", schema(max_items = 12))]
    pub saturday: Vec<Window>,
    /// Windows that begin on a Sunday.
    #[cfg_attr(feature = "openapi", schema(max_items = 12))]
    pub sunday: Vec<Window>,
}

impl Week {
    /// The windows that begin on this day.
    #[must_use]
    pub fn on(&self, day: Weekday) -> &[Window] {
        match day {
            Weekday::Monday => &self.monday,
            Weekday::Tuesday => &self.tuesday,
            Weekday::Wednesday => &self.wednesday,
            Weekday::Thursday => &self.thursday,
            Weekday::Friday => &self.friday,
            Weekday::Saturday => &self.saturday,
            Weekday::Sunday => &self.sunday,
        }
    }

    /// Every day with the name it is written by.
    fn days(&self) -> [(&'static str, &[Window]); 7] {
        [
            ("monday", &self.monday),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ]
    }

    /// Whether no day has a window.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days().iter().all(|(_, windows)| windows.is_empty())
    }
}

/// From one time of the day to another. One that ends before it begins goes over midnight; it
/// belongs to the day on which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends: the first minute that is closed. `24:00` is the end of the day.
    pub to: TimeOfDay,
}

impl Window {
    /// From midnight to midnight.
    pub(super) const WHOLE_DAY: Self = Self { from: TimeOfDay(0), to: TimeOfDay(DAY) };

    /// Whether it ends on the day after it began.
    #[must_use]
    pub fn is_overnight(self) -> bool {
        self.to < self.from
    }

    /// Where it ends, in minutes since midnight of the day on which it begins.
    fn end(self) -> u16 {
        self.to.0 + if self.is_overnight() { DAY } else { 0 }
    }
}

/// Dates with windows of their own, in place of those of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HoursException {
    /// The date, or the first of several.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date, example = "2026-12-24"))]
    pub date: Date,
    /// The last date; without it the exception is for one day.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Date))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// What it is, for people: 1 to 100 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Name, example = "Christmas"))]
    pub label: String,
    /// The windows that begin on each of these dates; none: closed.
    #[cfg_attr(feature = "openapi", schema(max_items = 12))]
    #[serde(default)]
    pub windows: Vec<Window>,
}

impl HoursException {
    /// Whether it is for this date.
    #[must_use]
    pub fn covers(&self, date: Date) -> bool {
        (self.date..=self.last()).contains(&date)
    }

    fn last(&self) -> Date {
        self.until.unwrap_or(self.date)
    }
}

impl BusinessHours {
    /// Checks every rule that the types do not carry. `pointer` is where the hours stand in the
    /// request's body.
    ///
    /// # Errors
    /// The first part that breaks one, with its place.
    pub fn check(&self, pointer: &str) -> Result<(), FieldError> {
        if self.always_open && !self.week.is_empty() {
            return Err(FieldError::new(
                format!("{pointer}/week"),
                "with alwaysOpen the week has no windows; leave out one of the two",
            ));
        }
        for (day, windows) in self.week.days() {
            check_windows(windows, &format!("{pointer}/week/{day}"))?;
        }
        if self.exceptions.len() > MAX_EXCEPTIONS {
            return Err(FieldError::new(
                format!("{pointer}/exceptions"),
                format!(
                    "there are at most {MAX_EXCEPTIONS} exceptions; remove those that are past"
                ),
            ));
        }
        // The last date that is taken, by the first date of the exception that takes it.
        let mut taken: BTreeMap<Date, Date> = BTreeMap::new();
        for (index, exception) in self.exceptions.iter().enumerate() {
            let place = format!("{pointer}/exceptions/{index}");
            exception.check(&place)?;
            let before = taken.range(..=exception.last()).next_back();
            if before.is_some_and(|(_, last)| *last >= exception.date) {
                let message = format!("there is another exception for {}", exception.date);
                return Err(FieldError::new(format!("{place}/date"), message));
            }
            taken.insert(exception.date, exception.last());
        }
        Ok(())
    }
}

impl HoursException {
    fn check(&self, pointer: &str) -> Result<(), FieldError> {
        let chars = self.label.chars().count();
        if self.label.trim().is_empty() || chars > 100 {
            let message = "a label has 1 to 100 characters";
            return Err(FieldError::new(format!("{pointer}/label"), message));
        }
        let days = self.date.until(self.last()).map(|span| span.get_days()).unwrap_or(i32::MAX);
        if !(0..MAX_EXCEPTION_DAYS).contains(&days) {
            let most = MAX_EXCEPTION_DAYS - 1;
            let message = format!("an exception ends on its date or up to {most} days later");
            return Err(FieldError::new(format!("{pointer}/until"), message));
        }
        check_windows(&self.windows, &format!("{pointer}/windows"))
    }
}

fn check_windows(windows: &[Window], pointer: &str) -> Result<(), FieldError> {
    if windows.len() > MAX_WINDOWS {
        let message = format!("a day has at most {MAX_WINDOWS} windows");
        return Err(FieldError::new(pointer, message));
    }
    for (index, window) in windows.iter().enumerate() {
        let refuse = |message: String| Err(FieldError::new(format!("{pointer}/{index}"), message));
        if window.from == window.to || window.from.0 == DAY {
            return refuse("a window has a length; write 00:00 to 24:00 for the whole day".into());
        }
        let overlaps = |other: &&Window| window.from.0 < other.end() && other.from.0 < window.end();
        if let Some(other) = windows.iter().take(index).find(overlaps) {
            return refuse(format!("it overlaps with the window from {}", other.from));
        }
    }
    Ok(())
}

described! {
    TimeOfDay: text().pattern(Some(TIME_PATTERN)).examples(["09:00"]);
    Zone: text_in_form("iana-time-zone", "a name of the IANA database").examples(["Europe/Berlin"]);
}

/// A text that is not a time of the day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time of the day like 09:00; the end of the day is 24:00")]
pub struct InvalidTimeOfDay(String);

/// A time of the day to the minute, from `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Minutes since midnight, 0 to 1440; `None` beyond.
    #[must_use]
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes <= DAY { Some(Self(minutes)) } else { None }
    }

    /// Minutes since midnight.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidTimeOfDay;

    fn from_str(text: &str) -> Result<Self, InvalidTimeOfDay> {
        let number = |digits: &str| {
            let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u16>().ok()).flatten()
        };
        text.split_once(':')
            .and_then(|(hours, minutes)| Some((number(hours)?, number(minutes)?)))
            .filter(|(_, minutes)| *minutes < 60)
            .and_then(|(hours, minutes)| Self::from_minutes(hours * 60 + minutes))
            .ok_or_else(|| InvalidTimeOfDay(text.chars().take(32).collect()))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A name that the time-zone database does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time zone; write a name of the IANA database like Europe/Berlin")]
pub struct UnknownZone(String);

/// A time zone of the IANA database, which the program carries along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone.
    #[must_use]
    pub const fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(text).ok().filter(|zone| zone.iana_name().is_some());
        zone.map(Self).ok_or_else(|| UnknownZone(text.chars().take(64).collect()))
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_same_language;

    #[test]
    fn the_pattern_of_times_says_what_the_rule_says() {
        let is_time = |text: &str| text.parse::<TimeOfDay>().is_ok();
        let texts = "[0-2]?[0-9]:[0-6][0-9]|24:0[0-9]|[0-9:+]{0,6}";
        assert_same_language(TIME_PATTERN, 0..=9, texts, is_time);
    }
}
