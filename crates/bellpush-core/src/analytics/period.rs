//! The time that is asked about: days of an app's time zone.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

/// Days of one period, at most.
pub const MAX_DAYS: i32 = 400;
/// Since then every zone has been whole quarters of an hour away from UTC.
const FIRST_YEAR: i16 = 2000;
const LAST_YEAR: i16 = 9998;

/// Days of a time zone, the last one included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    from: Date,
    to: Date,
    zone: TimeZone,
}

/// Days that are no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// It would end before it begins.
    #[error("`to` is before `from`")]
    Backwards,
    /// Too many days.
    #[error("a period has {MAX_DAYS} days at most")]
    TooLong,
    /// Out of what is counted.
    #[error("a day is between the years {FIRST_YEAR} and {LAST_YEAR}")]
    OutOfRange,
}

impl Period {
    /// These days, both included.
    ///
    /// # Errors
    /// When they are none, too many or too far away.
    pub fn new(from: Date, to: Date, zone: TimeZone) -> Result<Self, PeriodError> {
        if to < from {
            return Err(PeriodError::Backwards);
        }
        let is_known = |day: Date| (FIRST_YEAR..=LAST_YEAR).contains(&day.year());
        if !is_known(from) || !is_known(to) {
            return Err(PeriodError::OutOfRange);
        }
        let period = Self { from, to, zone };
        if period.days() > MAX_DAYS { Err(PeriodError::TooLong) } else { Ok(period) }
    }

    /// The last days up to the one that a time is in.
    #[must_use]
    pub fn last_days(days: i32, now: Timestamp, zone: TimeZone) -> Self {
        let to = zone.to_datetime(now).date();
        Self { from: to.saturating_sub((days - 1).days()), to, zone }
    }

    /// As many days right before.
    #[must_use]
    pub fn before(&self) -> Self {
        let days = self.days();
        Self {
            from: self.from.saturating_sub(days.days()),
            to: self.to.saturating_sub(days.days()),
            zone: self.zone.clone(),
        }
    }

    /// The first day.
    #[must_use]
    pub const fn from(&self) -> Date {
        self.from
    }

    /// The last day.
    #[must_use]
    pub const fn to(&self) -> Date {
        self.to
    }

    /// Whose days these are.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// How many days.
    #[must_use]
    pub fn days(&self) -> i32 {
        self.from.duration_until(self.to).as_hours().try_into().unwrap_or(i32::MAX / 24) / 24 + 1
    }

    /// When the first day begins.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start_of(self.from)
    }

    /// When the last day is over.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.start_of(self.to.saturating_add(1.day()))
    }

    /// The first moment of a day, which is not midnight where the clocks are put forward then.
    pub(super) fn start_of(&self, day: Date) -> Timestamp {
        self.zone.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
    }
}
