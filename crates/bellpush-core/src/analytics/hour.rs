//! The roll-up of one hour.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use super::{
    HOUR_MS,
    fact::{Amounts, Dimension, Outcome, Segment, UNKNOWN},
};

/// A quarter of an hour, in milliseconds.
pub const QUARTER_MS: i64 = HOUR_MS / 4;

/// A segment as the places of its values among the words.
pub(super) type Words = [u32; Dimension::ALL.len()];

/// What was counted in an hour of UTC. Values, segments and outcomes are kept once each, and named by
/// their places: few words stand for very many calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hour {
    pub(super) words: Vec<String>,
    pub(super) segments: Vec<Words>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) cells: Vec<Cell>,
}

/// What was counted of one segment and outcome in a quarter of the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) quarter: u8,
    /// A place among the segments.
    pub(super) segment: u32,
    /// A place among the outcomes.
    pub(super) outcome: u32,
    pub(super) amounts: Amounts,
}

impl Hour {
    /// The hour that a time is in, and the quarter of it.
    #[must_use]
    pub const fn of(millis: i64) -> (i64, u8) {
        // Between 0 and 3.
        (millis.div_euclid(HOUR_MS), (millis.rem_euclid(HOUR_MS) / QUARTER_MS) as u8)
    }

    /// Counts facts, in the order in which they came to be: a call that is over is live no more.
    pub fn count(&mut self, facts: impl IntoIterator<Item = (u8, Segment, Outcome, Amounts)>) {
        let mut places = Places::of(self);
        for (quarter, segment, outcome, amounts) in facts {
            if matches!(outcome, Outcome::Over { .. }) {
                // How its media went was not known when it began.
                let began = segment.clone().with(Dimension::Network, None::<String>);
                places.take_live(self, quarter, &began);
            }
            places.add(self, quarter, &segment, &outcome, &amounts);
        }
        self.cells.retain(|cell| cell.amounts.count > 0);
    }

    /// The value of each segment in a dimension, by the segment's place, and all values by theirs.
    pub(super) fn values(&self, dimension: Dimension) -> impl Iterator<Item = &str> {
        self.segments.iter().map(move |words| {
            let word = self.words.get(words[dimension as usize] as usize);
            word.map(String::as_str).filter(|word| !word.is_empty()).unwrap_or(UNKNOWN)
        })
    }

    /// Each cell's quarter, its segment's place, what happened, and how often.
    pub(super) fn cells(&self) -> impl Iterator<Item = (u8, usize, &Outcome, &Amounts)> {
        self.cells.iter().filter_map(|cell| {
            let outcome = self.outcomes.get(cell.outcome as usize)?;
            Some((cell.quarter, cell.segment as usize, outcome, &cell.amounts))
        })
    }
}

/// Where what an hour holds has its place.
#[derive(Debug)]
struct Places {
    words: HashMap<String, u32>,
    segments: HashMap<Words, u32>,
    outcomes: HashMap<Outcome, u32>,
    cells: HashMap<(u8, u32, u32), usize>,
}

impl Places {
    fn of(hour: &Hour) -> Self {
        let numbered = 0_u32..;
        Self {
            words: hour.words.iter().cloned().zip(numbered.clone()).collect(),
            segments: hour.segments.iter().copied().zip(numbered.clone()).collect(),
            outcomes: hour.outcomes.iter().cloned().zip(numbered).collect(),
            cells: hour
                .cells
                .iter()
                .enumerate()
                .map(|(at, cell)| ((cell.quarter, cell.segment, cell.outcome), at))
                .collect(),
        }
    }

    fn add(
        &mut self,
        hour: &mut Hour,
        quarter: u8,
        segment: &Segment,
        outcome: &Outcome,
        amounts: &Amounts,
    ) {
        let words =
            segment.0.each_ref().map(|word| place_of(&mut self.words, &mut hour.words, &**word));
        let segment = place_of(&mut self.segments, &mut hour.segments, &words);
        let outcome = place_of(&mut self.outcomes, &mut hour.outcomes, outcome);
        let at = *self.cells.entry((quarter, segment, outcome)).or_insert_with(|| {
            hour.cells.push(Cell { quarter, segment, outcome, amounts: Amounts::default() });
            hour.cells.len() - 1
        });
        if let Some(cell) = hour.cells.get_mut(at) {
            cell.amounts.add(amounts);
        }
    }

    /// Takes a live call away, if one is counted: its start may be older than the log.
    fn take_live(&self, hour: &mut Hour, quarter: u8, segment: &Segment) {
        if let Some(cell) = self.live(quarter, segment).and_then(|place| hour.cells.get_mut(place))
        {
            cell.amounts.count = cell.amounts.count.saturating_sub(1);
        }
    }

    fn live(&self, quarter: u8, segment: &Segment) -> Option<usize> {
        let mut words = Words::default();
        for (word, value) in words.iter_mut().zip(&segment.0) {
            *word = *self.words.get(value)?;
        }
        let (segment, live) = (self.segments.get(&words)?, self.outcomes.get(&Outcome::Live)?);
        self.cells.get(&(quarter, *segment, *live)).copied()
    }
}

/// The place of something among all of its kind, where it is put if it is new.
fn place_of<T, Q>(known: &mut HashMap<T, u32>, all: &mut Vec<T>, one: &Q) -> u32
where
    T: Borrow<Q> + Clone + Eq + Hash,
    Q: ToOwned<Owned = T> + Eq + Hash + ?Sized,
{
    if let Some(place) = known.get(one) {
        return *place;
    }
    let place = u32::try_from(all.len()).unwrap_or(u32::MAX);
    all.push(one.to_owned());
    known.insert(one.to_owned(), place);
    place
}
