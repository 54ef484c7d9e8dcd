//! Funnels, series, breakdowns and heat maps: sums of the cells of hours.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, ToSpan, civil::Weekday, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    HOUR_MS,
    fact::Dimension,
    figures::Figures,
    hour::{Hour, QUARTER_MS},
    period::Period,
};

/// Points of one series, at most.
pub const MAX_POINTS: usize = 500;

/// How long the steps of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeriesStep {
    /// An hour.
    Hour,
    /// A day, of 23 to 25 hours.
    Day,
    /// A week, from Monday on.
    Week,
    /// A month.
    Month,
}

/// Of whom: only of those with all of these values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(HashMap<&'static str, (Dimension, String)>);

impl Filter {
    /// Asks for a value in a dimension, if there is one to ask for.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.0.insert(dimension.as_str(), (dimension, value));
        }
        self
    }

    /// Whether each segment of an hour is asked for, by its place.
    fn of(&self, hour: &Hour) -> Vec<bool> {
        let mut wanted = vec![true; hour.segments.len()];
        for (dimension, value) in self.0.values() {
            for (wanted, own) in wanted.iter_mut().zip(hour.values(*dimension)) {
                *wanted &= own == value;
            }
        }
        wanted
    }
}

/// The moments at which a period's steps begin, and its end.
#[must_use]
pub fn boundaries(period: &Period, step: SeriesStep) -> Vec<Timestamp> {
    let end = period.end();
    let mut boundaries = Vec::new();
    let mut day = period.from();
    while day <= period.to() {
        let start = period.start_of(day);
        let next = day.saturating_add(1.day());
        let is_first = day == period.from();
        match step {
            SeriesStep::Hour => {
                let day_end = period.start_of(next);
                let mut at = start;
                while at < day_end {
                    boundaries.push(at);
                    at = at.saturating_add(1.hour()).unwrap_or(day_end);
                }
            }
            SeriesStep::Day => boundaries.push(start),
            SeriesStep::Week if is_first || day.weekday() == Weekday::Monday => {
                boundaries.push(start)
            }
            SeriesStep::Month if is_first || day.day() == 1 => boundaries.push(start),
            SeriesStep::Week | SeriesStep::Month => {}
        }
        day = next;
    }
    boundaries.push(end);
    boundaries
}

/// The hours of UTC that hold everything between two moments.
#[must_use]
pub fn hours_between(start: Timestamp, end: Timestamp) -> std::ops::Range<i64> {
    let (first, last) = (start.as_millisecond(), end.as_millisecond());
    first.div_euclid(HOUR_MS)..(last + HOUR_MS - 1).div_euclid(HOUR_MS)
}

/// The figures between moments, in turn.
#[derive(Debug, Clone)]
pub struct Series {
    boundaries: Vec<i64>,
    filter: Filter,
    figures: Vec<Figures>,
}

impl Series {
    /// Nothing counted yet between these moments, which come in their order.
    #[must_use]
    pub fn new(boundaries: &[Timestamp], filter: Filter) -> Self {
        let boundaries: Vec<_> = boundaries.iter().map(|at| at.as_millisecond()).collect();
        let figures = vec![Figures::default(); boundaries.len().saturating_sub(1)];
        Self { boundaries, filter, figures }
    }

    /// Adds an hour.
    pub fn add(&mut self, index: i64, hour: &Hour) {
        let places = quarters(index)
            .map(|at| self.boundaries.partition_point(|boundary| *boundary <= at).checked_sub(1));
        let wanted = self.filter.of(hour);
        for (quarter, segment, outcome, amounts) in hour.cells() {
            let place = places.get(usize::from(quarter)).copied().flatten();
            if wanted.get(segment) == Some(&true)
                && let Some(figures) = place.and_then(|place| self.figures.get_mut(place))
            {
                figures.add(outcome, amounts);
            }
        }
    }

    /// The figures between each moment and the next.
    #[must_use]
    pub fn finish(self) -> Vec<Figures> {
        self.figures
    }
}

/// The figures by the values of one dimension.
#[derive(Debug, Clone)]
pub struct Breakdown {
    by: Dimension,
    span: std::ops::Range<i64>,
    filter: Filter,
    values: HashMap<String, usize>,
    figures: Vec<Figures>,
}

impl Breakdown {
    /// Nothing counted yet in a period.
    #[must_use]
    pub fn new(by: Dimension, period: &Period, filter: Filter) -> Self {
        let span = period.start().as_millisecond()..period.end().as_millisecond();
        Self { by, span, filter, values: HashMap::new(), figures: Vec::new() }
    }

    /// Adds an hour.
    pub fn add(&mut self, index: i64, hour: &Hour) {
        let within = quarters(index).map(|at| self.span.contains(&at));
        let wanted = self.filter.of(hour);
        let mut places = Vec::with_capacity(wanted.len());
        for value in hour.values(self.by) {
            let next = self.values.len();
            places.push(match self.values.get(value) {
                Some(place) => *place,
                None => *self.values.entry(value.to_owned()).or_insert(next),
            });
        }
        self.figures.resize_with(self.values.len(), Figures::default);
        for (quarter, segment, outcome, amounts) in hour.cells() {
            if within.get(usize::from(quarter)) == Some(&true)
                && wanted.get(segment) == Some(&true)
                && let Some(figures) =
                    places.get(segment).and_then(|place| self.figures.get_mut(*place))
            {
                figures.add(outcome, amounts);
            }
        }
    }

    /// The figures of each value that occurs: those with the most calls first, then those with the
    /// most loads.
    #[must_use]
    pub fn finish(mut self) -> Vec<(String, Figures)> {
        let values: BTreeMap<_, _> = self.values.into_iter().collect();
        let mut rows: Vec<_> = values
            .into_iter()
            .filter_map(|(value, place)| {
                Some((value, std::mem::take(self.figures.get_mut(place)?)))
            })
            .filter(|(_, figures)| *figures != Figures::default())
            .collect();
        rows.sort_by_key(|(_, figures)| {
            std::cmp::Reverse((figures.accepted(), figures.taps(), figures.loads))
        });
        rows
    }
}

/// The figures by weekday and hour of the day, as the clocks of a zone show them.
#[derive(Debug, Clone)]
pub struct HeatMap {
    zone: TimeZone,
    span: std::ops::Range<i64>,
    filter: Filter,
    /// From Monday on, each from midnight on.
    figures: Vec<Figures>,
}

const DAY_HOURS: usize = 24;

impl HeatMap {
    /// Nothing counted yet in a period.
    #[must_use]
    pub fn new(period: &Period, filter: Filter) -> Self {
        let span = period.start().as_millisecond()..period.end().as_millisecond();
        let figures = vec![Figures::default(); 7 * DAY_HOURS];
        Self { zone: period.zone().clone(), span, filter, figures }
    }

    /// Adds an hour.
    pub fn add(&mut self, index: i64, hour: &Hour) {
        let places = quarters(index).map(|at| {
            let moment =
                Timestamp::from_millisecond(at).ok().filter(|_| self.span.contains(&at))?;
            let clock = self.zone.to_datetime(moment);
            let day = usize::try_from(clock.weekday().to_monday_zero_offset()).ok()?;
            Some(day * DAY_HOURS + usize::try_from(clock.hour()).ok()?)
        });
        let wanted = self.filter.of(hour);
        for (quarter, segment, outcome, amounts) in hour.cells() {
            let place = places.get(usize::from(quarter)).copied().flatten();
            if wanted.get(segment) == Some(&true)
                && let Some(figures) = place.and_then(|place| self.figures.get_mut(place))
            {
                figures.add(outcome, amounts);
            }
        }
    }

    /// Seven days from Monday on, each of 24 hours from midnight on.
    #[must_use]
    pub fn finish(self) -> Vec<Figures> {
        self.figures
    }
}

/// When each quarter of an hour begins.
fn quarters(index: i64) -> [i64; 4] {
    let begin = index.saturating_mul(HOUR_MS);
    [0, 1, 2, 3].map(|quarter| begin.saturating_add(quarter * QUARTER_MS))
}

#[cfg(test)]
mod tests;
