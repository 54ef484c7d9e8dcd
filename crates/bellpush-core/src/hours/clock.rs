//! Whether it is open at an instant, and when that changes.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::settings::{BusinessHours, HoursException, TimeOfDay, Window};

/// Changes are looked for in steps of this length.
const STEP: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Steps that are looked ahead: a little over a year.
const STEPS: usize = 54;

/// What holds at an instant, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Whether it is open.
    pub open: bool,
    /// When that changes; `None` when it does not within a year.
    pub until: Option<Timestamp>,
}

impl BusinessHours {
    /// Whether it is open at this instant.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let clock = self.time_zone.time_zone().to_datetime(at);
        let (date, time) = (clock.date(), clock.time());
        let minute = time.hour() as u16 * 60 + time.minute() as u16;
        let today = self.windows_on(date).iter().any(|window| {
            let begun = window.from.minutes() <= minute;
            begun && (window.is_overnight() || minute < window.to.minutes())
        });
        let since_yesterday = || {
            let Ok(yesterday) = date.yesterday() else { return false };
            let windows = self.windows_on(yesterday).iter();
            let mut overnight = windows.filter(|window| window.is_overnight());
            overnight.any(|window| minute < window.to.minutes())
        };
        today || since_yesterday()
    }

    /// Whether it is open at this instant, and when that changes next.
    #[must_use]
    pub fn span(&self, at: Timestamp) -> Span {
        let open = self.is_open(at);
        let until = if self.never_changes() { None } else { self.next_change(at, open) };
        Span { open, until }
    }

    /// The exception of the date that it is at this instant.
    #[must_use]
    pub fn exception_at(&self, at: Timestamp) -> Option<&HoursException> {
        self.exception_on(self.time_zone.time_zone().to_datetime(at).date())
    }

    fn exception_on(&self, date: Date) -> Option<&HoursException> {
        self.exceptions.iter().find(|exception| exception.covers(date))
    }

    /// The windows that begin on this date.
    fn windows_on(&self, date: Date) -> &[Window] {
        match self.exception_on(date) {
            Some(exception) => &exception.windows,
            None if self.always_open => &[Window::WHOLE_DAY],
            None => self.week.on(date.weekday()),
        }
    }

    fn never_changes(&self) -> bool {
        let no_exception = self.exceptions.is_empty();
        let no_window = self.week.is_empty()
            && self.exceptions.iter().all(|exception| exception.windows.is_empty());
        if self.always_open { no_exception } else { no_window }
    }

    /// Between two neighbours of all the instants at which something could change, nothing does.
    fn next_change(&self, after: Timestamp, open: bool) -> Option<Timestamp> {
        let mut begin = after;
        for _ in 0..STEPS {
            let end = begin.checked_add(STEP).ok()?;
            let mut instants = self.instants(begin, end);
            instants.retain(|instant| (begin..=end).contains(instant) && *instant > after);
            instants.sort_unstable();
            if let Some(change) = instants.into_iter().find(|at| self.is_open(*at) != open) {
                return Some(change);
            }
            begin = end;
        }
        None
    }

    /// The begins and ends of all windows around these instants, and the changes of the zone's
    /// clock between them. A begin that the clock skips is covered by the change that skips it, and
    /// one that it repeats is there twice.
    fn instants(&self, begin: Timestamp, end: Timestamp) -> Vec<Timestamp> {
        let zone = self.time_zone.time_zone();
        let mut instants: Vec<_> = zone
            .following(begin)
            .map(|change| change.timestamp())
            .take_while(|change| *change <= end)
            .collect();
        let mut push = |date: Date, time: TimeOfDay| {
            let (hour, minute) = (time.minutes() / 60, time.minutes() % 60);
            let clock = if hour == 24 {
                date.tomorrow().map(|next| next.at(0, 0, 0, 0))
            } else {
                Ok(date.at(hour as i8, minute as i8, 0, 0))
            };
            let Ok(clock) = clock else { return };
            let instant = || zone.to_ambiguous_timestamp(clock);
            instants.extend([instant().earlier(), instant().later()].into_iter().flatten());
        };
        let date_of = |at: Timestamp| zone.to_datetime(at).date();
        // A window of the day before may end today; where the clock goes back over midnight, the
        // date before comes once more.
        let first = date_of(begin).yesterday().and_then(Date::yesterday);
        let mut date = first.unwrap_or(Date::MIN);
        let last = date_of(end).tomorrow().unwrap_or(Date::MAX);
        while date <= last {
            for window in self.windows_on(date) {
                push(date, window.from);
                match (window.is_overnight(), date.tomorrow()) {
                    (false, _) => push(date, window.to),
                    (true, Ok(next)) => push(next, window.to),
                    (true, Err(_)) => {}
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        instants
    }
}
